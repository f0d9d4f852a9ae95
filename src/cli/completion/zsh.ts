/** The commands in the form of src/cli/assets/completion.zsh: `_describe` lists and `_arguments` specs. */
import type {
  CompletedArgument,
  CompletedCommand,
  CompletedOption,
  CompletedValue,
  ValueKind,
} from './spec.ts';

const ACTIONS: Readonly<Record<ValueKind, string>> = {
  file: '_files',
  directory: '_files -/',
  ref: '_treeport_ref',
  delta: '_treeport_delta',
  remote: '_treeport_remote',
  image: '_treeport_image',
  'ref-or-image': '_treeport_ref_or_image',
  verb: '_treeport_verb',
  text: ' ',
};

/** What replaces the places of the script. */
export function zshPlaces(commands: readonly CompletedCommand[]): Readonly<Record<string, string>> {
  const groups = commands.filter(({ children }) => children.length > 0);
  const verbs = commands.filter(({ children }) => children.length === 0);
  const [program] = groups;
  return {
    BELOW: groups.map(belowCase).join('\n'),
    VERBS: verbs.map(verbCase).join('\n'),
    GROUPS: groups.flatMap(({ paths }) => paths.map(quoted)).join(' | '),
    OPTIONS: (program?.options ?? []).map(optionSpec).join(' '),
  };
}

function belowCase({ paths, children }: CompletedCommand): string {
  const lines = children.map(
    ({ name, description }) => `        ${quoted(`${name.replaceAll(':', '\\:')}:${description}`)}`,
  );
  return `    ${paths.map(quoted).join(' | ')})\n      commands=(\n${lines.join('\n')}\n      ) ;;`;
}

function verbCase({ paths, options, args }: CompletedCommand): string {
  const specs = [...options.map(optionSpec), ...args.map(argumentSpec)].map((spec) => ` \\\n        ${spec}`);
  return `    ${paths.map(quoted).join(' | ')})\n      _arguments -s -S${specs.join('')} ;;`;
}

/** Every option may be repeated here, as on the command line. */
function optionSpec({ names, description, value, placeholder }: CompletedOption): string {
  const text = `[${escaped(description)}]`;
  const after = value === undefined ? '' : `:${escaped(placeholder)}:${action(value)}`;
  const specs = names.map((name) => {
    const withValue = value === undefined ? '' : name.startsWith('--') ? '=' : '+';
    return quoted(`*${name}${withValue}${text}${after}`);
  });
  return specs.join(' ');
}

function argumentSpec({ name, value, isRepeated }: CompletedArgument, index: number): string {
  return quoted(`${isRepeated ? '*' : index + 1}:${escaped(name)}:${action(value)}`);
}

function action(value: CompletedValue): string {
  return 'choices' in value ? `(${value.choices.join(' ')})` : ACTIONS[value.kind];
}

/** For text between brackets or colons. */
function escaped(text: string): string {
  return text.replaceAll(/[\\[\]:]/g, '\\$&');
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
