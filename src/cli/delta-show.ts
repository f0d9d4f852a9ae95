import type { Command } from 'commander';
import { addDeltaArgument, openDeltaArgument } from './delta-argument.ts';
import { repoOption } from './options.ts';
import { printJson, printLine } from './output.ts';

type Options = { readonly repo: string; readonly json?: boolean };

export function addDeltaShow(group: Command): void {
  addDeltaArgument(
    group
      .command('show')
      .description('show what a static delta holds: commits, parts, operations, sizes by kind'),
  )
    .addOption(repoOption())
    .option('--json', 'print JSON')
    .action(show);
}

async function show(text: string, options: Options): Promise<void> {
  const { deltaJson, deltaLines } = await import('./delta-text.ts');
  const delta = await openDeltaArgument(text, options.repo);
  if (options.json) return printJson(deltaJson(delta), 2);
  for (const line of deltaLines(delta, text)) await printLine(line);
}
