import type { Command } from 'commander';
import { TreeportError } from '../base/errors.ts';
import { type DamagedRef, listAllRefs } from '../ostree/refs.ts';
import { openRepo } from './open-repo.ts';
import { jsonOption, repoOption } from './options.ts';
import { printJson, printNames, shownName } from './output.ts';
import { warn } from './report.ts';

type RefsOptions = { readonly repo: string; readonly revision?: boolean; readonly json?: boolean };

export function addRepoRefs(group: Command): void {
  group
    .command('refs')
    .description(
      'list the refs of a repository: local ones, remote ones (REMOTE:REF) and those of collections (ID REF)',
    )
    .addOption(repoOption())
    .option('-r, --revision', 'print the commit of each ref after a tab')
    .addOption(jsonOption())
    .action(listRefs);
}

async function listRefs(options: RefsOptions): Promise<void> {
  const repo = await openRepo(options.repo);
  const damaged: DamagedRef[] = [];
  const refs = await listAllRefs(repo, { onDamaged: (ref) => damaged.push(ref) });
  if (options.json)
    await printJson(
      refs.map(({ name, commit }) => ({ name, commit })),
      2,
    );
  for (const { name, commit } of options.json ? [] : refs) {
    const shown = name.split(' ').map(shownName).join(' ');
    await printNames(options.revision ? `${shown}\t${commit}` : shown);
  }
  for (const { path, why } of damaged) warn(`${path} is not a valid ref: ${why}`);
  if (damaged.length > 0) throw damagedRefs(repo.path, damaged);
}

function damagedRefs(repoPath: string, damaged: readonly DamagedRef[]): TreeportError {
  const count =
    damaged.length === 1 ? 'one file is not a valid ref' : `${damaged.length} files are not valid refs`;
  return new TreeportError(
    'ERR_REF_DAMAGED',
    `repository ${repoPath}: below refs, ${count}; rewrite or remove them`,
  );
}
