import type { Command } from 'commander';
import { listHeads, listMirrorRefs, listRemoteRefs } from '../ostree/refs.ts';
import type { Repository } from '../ostree/repo/open.ts';
import { openRepo } from './open-repo.ts';
import { repoOption } from './options.ts';
import { printNames, shownName } from './output.ts';

type RefsOptions = { readonly repo: string; readonly revision?: boolean };

export function addRepoRefs(group: Command): void {
  group
    .command('refs')
    .description(
      'list the refs of a repository: local, of remotes (remote:ref) and of other collections (id ref)',
    )
    .addOption(repoOption())
    .option('-r, --revision', 'print the commit of each ref behind a tab')
    .action(listRefs);
}

async function listRefs(options: RefsOptions): Promise<void> {
  for (const [ref, commit] of await allRefs(await openRepo(options.repo))) {
    const shown = ref.split(' ').map(shownName).join(' ');
    await printNames(options.revision ? `${shown}\t${commit}` : shown);
  }
}

async function allRefs(repo: Repository): Promise<readonly (readonly [string, string])[]> {
  const mirrors = [...(await listMirrorRefs(repo))].flatMap(([id, refs]) =>
    [...refs].map(([ref, commit]) => [`${id} ${ref}`, commit] as const),
  );
  return [...(await listHeads(repo)), ...(await listRemoteRefs(repo)), ...mirrors];
}
