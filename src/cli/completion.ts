import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Argument, type Command } from 'commander';
import { SHELLS, type Shell } from './completion/spec.ts';
import { writeOut } from './output.ts';

export function addCompletion(program: Command): void {
  program
    .command('completion')
    .description('print the completion script of a shell, which also completes the refs of the repository')
    .addArgument(new Argument('<shell>', 'the shell').choices(SHELLS))
    .action(async (shell: Shell) => writeOut(await completionScript(shell, program)));
}

/** The script for the whole tree of `program`, with a final line end. */
export async function completionScript(shell: Shell, program: Command): Promise<string> {
  const { completionPlaces } = await import('./completion/places.ts');
  const script = readFileSync(join(import.meta.dirname, `assets/completion.${shell}`), 'utf8');
  const places = completionPlaces(shell, program);
  return script.replaceAll(/@([A-Z]+)@/g, (text, place) => places[place] ?? text);
}
