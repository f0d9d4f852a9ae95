/**
 * What shells complete, from the tree of commands: the words of each group and verb, their options, and the
 * kinds of values, which follow from the names of placeholders and arguments.
 */
import type { Argument, Command, Option } from 'commander';

export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

/**
 * `ref`, `delta` and `remote` are of the repository that `--repo` names, a delta may be a file as well;
 * `text` has no candidates.
 */
export type ValueKind =
  | 'file'
  | 'directory'
  | 'ref'
  | 'delta'
  | 'remote'
  | 'image'
  | 'ref-or-image'
  | 'verb'
  | 'text';

export type CompletedValue = { readonly kind: ValueKind } | { readonly choices: readonly string[] };

export type CompletedOption = {
  /** `-q`, `--quiet`. */
  readonly names: readonly string[];
  readonly description: string;
  /** Absent for options without a value. */
  readonly value?: CompletedValue;
  readonly placeholder: string;
};

export type CompletedArgument = {
  readonly name: string;
  readonly value: CompletedValue;
  readonly isRepeated: boolean;
};

export type CompletedCommand = {
  /** Its words after `treeport`; several if it has aliases. */
  readonly paths: readonly string[];
  readonly description: string;
  /** Empty for verbs. */
  readonly children: readonly { readonly name: string; readonly description: string }[];
  readonly options: readonly CompletedOption[];
  readonly args: readonly CompletedArgument[];
};

const KINDS: Readonly<Record<string, ValueKind>> = {
  path: 'file',
  file: 'file',
  contents: 'file',
  delta: 'delta',
  'image or directory': 'image',
  dir: 'directory',
  directory: 'directory',
  image: 'image',
  source: 'image',
  old: 'image',
  new: 'image',
  'image-or-piece': 'image',
  ref: 'ref',
  revision: 'ref',
  'revision-or-image': 'ref-or-image',
  'ref-globs-and-image': 'ref-or-image',
  verb: 'verb',
};
/** Paths in a commit, not on this machine, and the path of URLs. */
const NO_FILES = ['repo ls', 'repo cat', 'packages owner', '--base-path'];
const DIRECTORIES = ['--repo', '--cache-dir', '--cert-dir', '--gpg-homedir', '--dir'];
/** Revisions of `--repo`, or images for a verb without it. */
const ENDS = ['from', 'to'];

/** Every command of the tree, the whole program first; its path is empty. */
export function completedCommands(program: Command): readonly CompletedCommand[] {
  return describe(program, ['']);
}

function describe(command: Command, paths: readonly string[]): readonly CompletedCommand[] {
  const own: CompletedCommand = {
    paths,
    description: command.description(),
    children: command.commands.flatMap((child) =>
      namesOf(child).map((name) => ({ name, description: child.description() })),
    ),
    options: [
      ...command.options.filter(({ hidden }) => !hidden).map((option) => describeOption(option)),
      { names: ['-h', '--help'], description: 'display help for command', placeholder: '' },
    ],
    args: command.registeredArguments.map((argument) => describeArgument(argument, command, paths[0] ?? '')),
  };
  const below = command.commands.flatMap((child) =>
    describe(
      child,
      paths.flatMap((path) => namesOf(child).map((name) => `${path} ${name}`.trimStart())),
    ),
  );
  return [own, ...below];
}

function namesOf(command: Command): readonly string[] {
  return [command.name(), ...command.aliases()];
}

function describeOption(option: Option): CompletedOption {
  const { short, long, description, flags, argChoices } = option;
  const names = [short, long].filter((name) => name !== undefined);
  const [, placeholder = ''] = /<(.+)>/.exec(flags) ?? [];
  const value: CompletedValue =
    argChoices === undefined ? { kind: optionKind(long, placeholder) } : { choices: argChoices };
  return { names, description, placeholder, ...(placeholder === '' ? {} : { value }) };
}

function optionKind(name: string | undefined, placeholder: string): ValueKind {
  if (name === undefined || NO_FILES.includes(name)) return 'text';
  if (name === '--ref') return 'ref';
  if (name === '--remote') return 'remote';
  return DIRECTORIES.includes(name) ? 'directory' : (KINDS[placeholder] ?? 'text');
}

function describeArgument(argument: Argument, command: Command, path: string): CompletedArgument {
  const name = argument.name();
  const hasRepo = command.options.some(({ long }) => long === '--repo');
  const isInCommit = name === 'path' && NO_FILES.includes(path);
  const byName = ENDS.includes(name) ? (hasRepo ? 'ref' : 'image') : (KINDS[name] ?? 'text');
  const value: CompletedValue =
    argument.argChoices === undefined
      ? { kind: isInCommit ? 'text' : byName }
      : { choices: argument.argChoices };
  return { name, value, isRepeated: argument.variadic };
}
