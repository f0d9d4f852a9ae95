/** The commands in the form of src/cli/assets/completion.fish: a `complete` for each verb and option. */
import type { CompletedCommand, CompletedOption, CompletedValue, ValueKind } from './spec.ts';

const CANDIDATES: Readonly<Record<ValueKind, string>> = {
  file: '-F',
  directory: "-a '(__fish_complete_directories)'",
  ref: "-a '(__treeport_of_repo refs)'",
  delta: "-F -a '(__treeport_of_repo deltas)'",
  remote: "-a '(__treeport_of_repo remotes)'",
  image: "-a '(__treeport_images)'",
  'ref-or-image': "-a '(__treeport_of_repo refs; __treeport_images)'",
  verb: '',
  text: '',
};

export function fishCommands(commands: readonly CompletedCommand[]): string {
  return commands
    .flatMap((command) => [...below(command), ...options(command), ...positions(command)])
    .join('\n');
}

function below({ paths, children }: CompletedCommand): readonly string[] {
  return paths.flatMap((path) =>
    children.map(
      ({ name, description }) =>
        `complete -c treeport -n ${quoted(`__treeport_at ${path}`.trim())} -a ${name} -d ${quoted(description)}`,
    ),
  );
}

function options({ paths, children, options }: CompletedCommand): readonly string[] {
  const condition = children.length > 0 ? '__treeport_at' : '__treeport_verb';
  return paths.flatMap((path) =>
    options.map(
      (option) =>
        `complete -c treeport -n ${quoted(`${condition} ${path}`.trim())} ${names(option)} -d ${quoted(option.description)}${optionValue(option.value)}`,
    ),
  );
}

function names({ names }: CompletedOption): string {
  return names
    .map((name) => (name.startsWith('--') ? `-l ${name.slice(2)}` : `-s ${name.slice(1)}`))
    .join(' ');
}

function optionValue(value: CompletedValue | undefined): string {
  return value === undefined ? '' : ` -r ${candidates(value)}`.trimEnd();
}

/** fish does not count arguments, so each gets the candidates of all. */
function positions({ paths, args }: CompletedCommand): readonly string[] {
  const kinds = new Set(args.map(({ value }) => candidates(value)).filter((text) => text !== ''));
  return paths.flatMap((path) =>
    [...kinds].map((text) => `complete -c treeport -n ${quoted(`__treeport_verb ${path}`)} ${text}`),
  );
}

function candidates(value: CompletedValue): string {
  return 'choices' in value ? `-a ${quoted(value.choices.join(' '))}` : CANDIDATES[value.kind];
}

function quoted(text: string): string {
  return `'${text.replaceAll(/[\\']/g, '\\$&')}'`;
}
