import type { Command } from 'commander';
import type { Checksum } from '../ostree/checksum.ts';
import type { Commit } from '../ostree/commit.ts';
import type { Repository } from '../ostree/repo/open.ts';
import { loadCommit, resolveRevision } from '../ostree/revision.ts';
import { commitJson } from './commit-json.ts';
import { commitLines } from './commit-text.ts';
import { openRepo } from './open-repo.ts';
import { jsonOption, repoOption } from './options.ts';
import { printJson, printLine } from './output.ts';

export function addRepoLog(group: Command): void {
  group
    .command('log')
    .description('show a commit and those of its ancestors that the repository has')
    .argument('<revision>', 'a ref, commit or REF^')
    .addOption(repoOption())
    .addOption(jsonOption())
    .action(printLog);
}

type Options = { readonly repo: string; readonly json?: boolean };

async function printLog(revision: string, options: Options): Promise<void> {
  const repo = await openRepo(options.repo);
  const newest = await resolveRevision(repo, revision);
  await loadCommit(repo, newest);
  if (options.json) return printJson(await logDocument(repo, newest), 2);
  for await (const { checksum, commit } of history(repo, newest)) {
    if (commit === undefined) return printLine('<< History beyond this commit not fetched >>');
    for (const line of commitLines(checksum, commit)) await printLine(line);
    await printLine('');
  }
}

/** The commit and its ancestors; the last one without its commit if the repository lacks it. */
async function* history(repo: Repository, newest: Checksum) {
  let checksum: Checksum | undefined = newest;
  while (checksum !== undefined) {
    const isHere = await repo.objects.has({ type: 'commit', checksum });
    const commit: Commit | undefined = isHere ? await loadCommit(repo, checksum) : undefined;
    yield { checksum, commit };
    checksum = commit?.parent;
  }
}

async function logDocument(repo: Repository, newest: Checksum): Promise<object> {
  const commits: object[] = [];
  for await (const { checksum, commit } of history(repo, newest)) {
    if (commit === undefined) return { commits, isComplete: false };
    commits.push(commitJson(checksum, commit));
  }
  return { commits, isComplete: true };
}
