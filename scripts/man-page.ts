/**
 * Manual pages from the tree of commands, in the macros of man(7): one of treeport, and one of each group,
 * verb and alias, as podman has them. Format: https://man7.org/linux/man-pages/man7/man.7.html
 */
import type { Command, Option } from 'commander';
import { describedOption } from './option-text.ts';

export type ManPageOptions = {
  /** `YYYY-MM-DD`. */
  readonly date: string;
  readonly version: string;
  /** Command lines that show how a verb is used, by its words. */
  readonly examples: ReadonlyMap<string, readonly string[]>;
};

type Node = { readonly command: Command; readonly words: readonly string[] };

const EXIT_STATUSES = [
  ['0', 'success'],
  ['1', 'error'],
  ['2', 'invalid command line'],
  ['128 + N', 'ended by signal N'],
] as const;

const ENVIRONMENT = [
  ['TREEPORT_DEBUG', 'If it is 1, errors are printed with their stacks.'],
  [
    'XDG_CACHE_HOME',
    'The compiled program and the digest of the runtime are kept below it (default: ~/.cache).',
  ],
  ['TMPDIR', 'Temporary images are written there (default: /var/tmp).'],
  ['OSTREE_GPG_HOME', 'Directory of GPG keys that are trusted besides those of a remote.'],
  ['CONTAINERS_REGISTRIES_CONF', 'The registries.conf of skopeo.'],
] as const;

/** Names of files, like `treeport-repo-ls.1`, to their texts. */
export function manPages(program: Command, options: ManPageOptions): ReadonlyMap<string, string> {
  return new Map(pagesOf({ command: program, words: [program.name()] }, options));
}

function pagesOf(node: Node, options: ManPageOptions): readonly [string, string][] {
  const { command, words } = node;
  const parent = words.slice(0, -1);
  const text = page(node, options);
  const names = [command.name(), ...command.aliases()];
  const own = names.map((name): [string, string] => [fileName([...parent, name]), text]);
  const below = command.commands.flatMap((child) =>
    pagesOf({ command: child, words: [...words, child.name()] }, options),
  );
  return [...own, ...below];
}

function fileName(words: readonly string[]): string {
  return `${words.join('-')}.1`;
}

function page(node: Node, { date, version, examples }: ManPageOptions): string {
  const { command, words } = node;
  const isProgram = words.length === 1;
  return [
    `.TH ${words.join('-').toUpperCase()} 1 ${date} "treeport ${version}" "treeport"`,
    section('NAME', `${text(words.join('-'))} \\- ${text(command.description().replace(/\.$/, ''))}`),
    section('SYNOPSIS', `\\fB${text(words.join(' '))}\\fR ${text(command.usage())}`),
    section('DESCRIPTION', text(sentence(command.description()))),
    alsoCalled(node),
    definitions(
      'ARGUMENTS',
      command.registeredArguments.map((each) => [`\\fI${text(each.name())}\\fR`, each.description]),
    ),
    definitions('OPTIONS', command.options.filter(({ hidden }) => !hidden).map(optionEntry)),
    definitions(
      'COMMANDS',
      command.commands.map((child) => commandEntry(child, words)),
    ),
    exampleSection(examples.get(words.join(' ')) ?? []),
    ...(isProgram ? programSections() : []),
    section('SEE ALSO', seeAlso(node)),
  ]
    .filter((part) => part !== '')
    .join('\n')
    .concat('\n');
}

function alsoCalled({ command, words }: Node): string {
  const names = command.aliases().map((alias) => `\\fB${text([...words.slice(0, -1), alias].join(' '))}\\fR`);
  return names.length === 0 ? '' : `.PP\nAlso: ${names.join(', ')}.`;
}

function optionEntry(option: Option): readonly [string, string] {
  const [, names = '', value = ''] = /^(.*?)(?: (<.*>))?$/.exec(option.flags) ?? [];
  const shown = names.split(', ').map((name) => `\\fB${text(name)}\\fR`);
  const placeholder = value === '' ? '' : ` \\fI${text(value.slice(1, -1))}\\fR`;
  return [`${shown.join(', ')}${placeholder}`, describedOption(option)];
}

function commandEntry(child: Command, words: readonly string[]): readonly [string, string] {
  return [reference([...words, child.name()]), child.description()];
}

function programSections(): readonly string[] {
  return [
    section(
      'OUTPUT',
      'Results go to standard output; progress and errors go to standard error. An error is one line,\n' +
        '\\(lqtreeport: CODE: message\\(rq. The codes are listed in docs/errors.md.',
    ),
    definitions(
      'EXIT STATUS',
      EXIT_STATUSES.map(([status, meaning]) => [`\\fB${status}\\fR`, meaning]),
    ),
    definitions(
      'ENVIRONMENT',
      ENVIRONMENT.map(([name, meaning]) => [`\\fB${text(name)}\\fR`, meaning]),
    ),
  ];
}

function exampleSection(lines: readonly string[]): string {
  if (lines.length === 0) return '';
  return section('EXAMPLES', `.EX\n${lines.map((line) => `$ ${text(line)}`).join('\n')}\n.EE`);
}

function seeAlso({ words }: Node): string {
  const above = words.map((_, index) => words.slice(0, index)).filter(({ length }) => length > 0);
  return [...above.toReversed(), ['ostree'], ['skopeo']].map(reference).join(',\n');
}

function reference(words: readonly string[]): string {
  return `\\fB${text(words.join('-'))}\\fR(1)`;
}

function section(title: string, body: string): string {
  return `.SH ${title.includes(' ') ? `"${title}"` : title}\n${body}`;
}

function definitions(title: string, entries: readonly (readonly [string, string])[]): string {
  if (entries.length === 0) return '';
  return section(
    title,
    entries.map(([term, meaning]) => `.TP\n${term}\n${text(sentence(meaning))}`).join('\n'),
  );
}

function sentence(words: string): string {
  return `${words.charAt(0).toUpperCase()}${words.slice(1).replace(/\.$/, '')}.`;
}

/** Escapes text for roff. Words between backticks become bold. */
function text(words: string): string {
  return words
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replaceAll(
      /[^\x20-\x7e]/gu,
      (character) => `\\[u${character.codePointAt(0)?.toString(16).toUpperCase().padStart(4, '0')}]`,
    )
    .replaceAll(/`([^`]+)`/g, '\\fB$1\\fR')
    .replace(/^[.']/, '\\&$&');
}
