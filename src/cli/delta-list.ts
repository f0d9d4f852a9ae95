import type { Command } from 'commander';
import { listDeltas } from '../ostree/delta-list.ts';
import { deltaKey } from '../ostree/delta-name.ts';
import { openRepo } from './open-repo.ts';
import { repoOption } from './options.ts';
import { printJson, printLine } from './output.ts';
import { warn } from './report.ts';

export function addDeltaList(group: Command): void {
  group
    .command('list')
    .description('list the static deltas of a repository that clients can pull')
    .addOption(repoOption())
    .option('--json', 'print JSON')
    .action(list);
}

async function list(options: { readonly repo: string; readonly json?: boolean }): Promise<void> {
  const { path } = await openRepo(options.repo);
  const deltas = await listDeltas(path, {
    onSkipped: (name, error) => warn(`delta ${deltaKey(name)} cannot be used: ${error.message}`),
  });
  if (options.json)
    return printJson(
      deltas.map(({ name: { from, to }, superblock }) => ({ from: from ?? null, to, superblock })),
      2,
    );
  for (const { name } of deltas) await printLine(deltaKey(name));
}
