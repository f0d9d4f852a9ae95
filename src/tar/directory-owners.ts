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
  // Most directories share a few.
  const known = new Map<Checksum, DirectoryOwner>();
  for await (const visit of walkTree(source, { tree: rootTree, meta: rootMeta })) {
    if (visit.kind === 'file' || visit.path === '/') continue;
    const owner = known.get(visit.meta) ?? ownerIn(await source.metadata('dirmeta', visit.meta));
    known.set(visit.meta, owner);
    owners.set(containerPath(visit.path.slice(1)), owner);
  }
  return owners;
}

function ownerIn(dirmeta: Buffer): DirectoryOwner {
  const { uid, gid, mode } = parseDirmeta(dirmeta);
  return { uid, gid, mode };
}
