/**
 * Owners and modes of a commit's directories, for layers that repeat the parent directories of their files.
 */
import type { Checksum } from '../ostree/checksum.ts';
import { parseCommit } from '../ostree/commit.ts';
import { parseDirmeta } from '../ostree/dirmeta.ts';
import type { ObjectSource } from '../ostree/object-source.ts';
import { walkTree } from '../ostree/walk.ts';
import { containerPath } from './layout.ts';
import type { DirectoryOwner } from './writer.ts';

/** By path in the container, without a leading `/`. */
export type DirectoryOwners = ReadonlyMap<string, DirectoryOwner>;

/** Reads all directories of a commit. If the commit has both, `etc` is its `usr/etc`. */
export async function directoryOwners(source: ObjectSource, commit: Checksum): Promise<DirectoryOwners> {
  const { rootTree, rootMeta } = parseCommit(await source.metadata('commit', commit));
  const owners = new Map<string, DirectoryOwner>();
  for await (const visit of walkTree(source, { tree: rootTree, meta: rootMeta })) {
    if (visit.kind === 'file' || visit.path === '/') continue;
    const { uid, gid, mode } = parseDirmeta(await source.metadata('dirmeta', visit.meta));
    owners.set(containerPath(visit.path.slice(1)), { uid, gid, mode });
  }
  return owners;
}
