import type { Command } from 'commander';
import { listHeads } from '../ostree/refs.ts';
import { openRepository } from '../ostree/repo/open.ts';
import { repoOption } from './options.ts';
import { printLine } from './output.ts';

export function addRepoRefs(group: Command): void {
  group.command('refs').description('list the refs of a repository').addOption(repoOption()).action(listRefs);
}

async function listRefs(options: { readonly repo: string }): Promise<void> {
  const repo = await openRepository(options.repo);
  for (const [ref, commit] of await listHeads(repo)) await printLine(`${commit} ${ref}`);
}
