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
  const found = new OwnersOfWalk(source);
  for await (const visit of walkTree(source, { tree: rootTree, meta: rootMeta }))
    if (visit.kind === 'directory') await found.add(visit);
  return found.owners;
}

/** Collects the owners during a walk of the tree. */
export class OwnersOfWalk {
  readonly #source: ObjectSource;
  readonly #owners = new Map<string, DirectoryOwner>();
  /** Most directories share a few. */
  readonly #known = new Map<Checksum, DirectoryOwner>();

  constructor(source: ObjectSource) {
    this.#source = source;
  }

  get owners(): DirectoryOwners {
    return this.#owners;
  }

  /** Adds a directory in the order of the walk. */
  async add({ path, meta }: { readonly path: string; readonly meta: Checksum }): Promise<void> {
    if (path === '/') return;
    const owner = this.#known.get(meta) ?? ownerIn(await this.#source.metadata('dirmeta', meta));
    this.#known.set(meta, owner);
    this.#owners.set(containerPath(path.slice(1)), owner);
  }
}

function ownerIn(dirmeta: Buffer): DirectoryOwner {
  const { uid, gid, mode } = parseDirmeta(dirmeta);
  return { uid, gid, mode };
}
