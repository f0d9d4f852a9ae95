/** The commands in the form of src/cli/assets/completion.bash: one branch of a `case` for each. */
import type { CompletedCommand, CompletedValue } from './spec.ts';

export function bashCommands(commands: readonly CompletedCommand[]): string {
  return commands.map(commandCase).join('\n');
}

function commandCase({ paths, children, options, args }: CompletedCommand): string {
  const names = options.flatMap((option) => option.names);
  const valued = options.flatMap((option) =>
    option.value === undefined
      ? []
      : option.names.map((name) => `${name}=${valueText(option.value as CompletedValue)}`),
  );
  const verbs = children.map(({ name }) => name).join('|');
  const positions = args.map(({ value, isRepeated }) => valueText(value) + (isRepeated ? '...' : ''));
  return `    ${paths.map(quoted).join(' | ')})
      options=${quoted(names.join(' '))}
      valued=${quoted(valued.join(' '))}
      positions=${quoted(verbs === '' ? positions.join(' ') : verbs)} ;;`;
}

function valueText(value: CompletedValue): string {
  return 'choices' in value ? value.choices.join('|') : `@${value.kind}`;
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
