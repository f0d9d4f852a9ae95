import type { Command } from 'commander';
import type { Checksum } from '../ostree/checksum.ts';
import { loadCommit, resolveRevision } from '../ostree/revision.ts';
import { commitLines } from './commit-text.ts';
import { openRepo } from './open-repo.ts';
import { repoOption } from './options.ts';
import { printLine } from './output.ts';

export function addRepoLog(group: Command): void {
  group
    .command('log')
    .description('show a commit and those of its ancestors that the repository has')
    .argument('<revision>', 'a ref, commit or REF^')
    .addOption(repoOption())
    .action(printLog);
}

async function printLog(revision: string, options: { readonly repo: string }): Promise<void> {
  const repo = await openRepo(options.repo);
  let checksum: Checksum | undefined = await resolveRevision(repo, revision);
  await loadCommit(repo, checksum);
  while (checksum !== undefined) {
    if (!(await repo.objects.has({ type: 'commit', checksum })))
      return printLine('<< History beyond this commit not fetched >>');
    const commit = await loadCommit(repo, checksum);
    for (const line of commitLines(checksum, commit)) await printLine(line);
    await printLine('');
    checksum = commit.parent;
  }
}
