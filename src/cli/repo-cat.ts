import type { Command } from 'commander';
import { TreeportError } from '../base/errors.ts';
import { isSymlink } from '../ostree/file-header.ts';
import { lookUp } from '../ostree/lookup.ts';
import { loadCommit, resolveRevision } from '../ostree/revision.ts';
import { verifiedStream } from '../ostree/verify.ts';
import { openRepo } from './open-repo.ts';
import { repoOption } from './options.ts';
import { writeOut } from './output.ts';

export function addRepoCat(group: Command): void {
  group
    .command('cat')
    .description('print files of a commit, verifying their bytes')
    .argument('<revision>', 'a ref, commit or REF^')
    .argument('<path...>', 'files in the commit')
    .addOption(repoOption())
    .action(printFiles);
}

async function printFiles(
  revision: string,
  paths: readonly string[],
  options: { readonly repo: string },
): Promise<void> {
  const repo = await openRepo(options.repo);
  const commit = await loadCommit(repo, await resolveRevision(repo, revision));
  for (const path of paths) {
    const found = await lookUp(repo.objects, { tree: commit.rootTree, meta: commit.rootMeta }, path);
    if (found.kind === 'directory')
      throw new TreeportError('ERR_PATH_MISSING', `${path} is a directory (treeport repo ls lists it)`);
    const object = await repo.objects.content(found.checksum);
    if (isSymlink(object.header)) {
      throw new TreeportError(
        'ERR_PATH_MISSING',
        `${path} is a symlink to ${object.header.target}, not a file`,
      );
    }
    for await (const piece of verifiedStream(object, found.checksum)) await writeOut(piece);
  }
}
