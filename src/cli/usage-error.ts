/**
 * Errors of the command line, as messages: commander's, with suggestions. An unknown option is named before
 * a missing one, because it is often the misspelt one.
 */
import type { Command, CommanderError } from 'commander';
import { messageOf, TreeportError } from '../base/errors.ts';
import { didYouMean, question, similarNames } from '../base/similar.ts';

/** ERR_USAGE for what commander threw while `program` parsed `args`. */
export function usageError(thrown: CommanderError, program: Command, args: readonly string[]): TreeportError {
  return new TreeportError('ERR_USAGE', `${usageMessage(thrown, program, args)} (see --help)`, {
    cause: thrown,
  });
}

function usageMessage(thrown: CommanderError, program: Command, args: readonly string[]): string {
  const { command, rest } = commandOf(program, args);
  switch (thrown.code) {
    case 'commander.unknownCommand':
      return unknownVerb(program, command, rest[0] ?? '');
    case 'commander.unknownOption':
    case 'commander.missingMandatoryOptionValue': {
      const unknown = command.parseOptions([...rest]).unknown[0];
      if (unknown !== undefined) return unknownOption(command, unknown);
      break;
    }
  }
  return messageOf(thrown).replace(/^error: /, '');
}

/** The deepest command that `args` start with, and what follows its name. */
export function commandOf(
  program: Command,
  args: readonly string[],
): { readonly command: Command; readonly rest: readonly string[] } {
  const [word, ...rest] = args;
  const child = program.commands.find((each) => each.name() === word || each.aliases().includes(word ?? ''));
  return child === undefined ? { command: program, rest: args } : commandOf(child, rest);
}

function unknownOption(command: Command, option: string): string {
  const name = option.replace(/=.*/s, '');
  const known = command.options.flatMap(({ long, hidden }) => (hidden || !long ? [] : [long]));
  return `unknown option '${name}'${didYouMean(name, known)}`;
}

/** The word in the place of a verb or group of `parent`; it may be the name of a verb elsewhere. */
export function unknownVerb(program: Command, parent: Command, word: string): string {
  const siblings = parent.commands.flatMap((child) => [child.name(), ...child.aliases()]);
  const elsewhere = verbsNamed(program, word).map((words) => `treeport ${words}`);
  const near = similarNames(word, siblings);
  const meant = near.length > 0 ? near : elsewhere;
  return `unknown command '${word}'${meant.length === 0 ? '' : `; ${question(meant)}`}`;
}

/** The words of each verb with this name, like `container info`. */
function verbsNamed(command: Command, name: string): readonly string[] {
  return command.commands.flatMap((child) => {
    if (child.commands.length > 0) return verbsNamed(child, name).map((words) => `${child.name()} ${words}`);
    return child.name() === name || child.aliases().includes(name) ? [child.name()] : [];
  });
}
