import type { Command } from 'commander';
import { TreeportError } from '../base/errors.ts';
import { commandOf, unknownVerb } from './usage-error.ts';

export function addHelp(program: Command): void {
  program
    .command('help')
    .description('show the help of treeport, of a group or of a verb')
    .argument('[verb...]', 'the words of the verb, or the name of its group')
    .action((words: readonly string[]) => showHelp(program, words));
}

function showHelp(program: Command, words: readonly string[]): void {
  const { command, rest } = commandOf(program, words);
  if (rest[0] !== undefined) throw new TreeportError('ERR_USAGE', unknownVerb(program, command, rest[0]));
  command.outputHelp();
}
