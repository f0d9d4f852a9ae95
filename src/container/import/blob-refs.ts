/**
 * Refs that keep the content of imported layers, so that they need not be fetched again:
 * `ostree/container/blob/` and the layer's escaped digest, as in ostree-ext. The ref of an ostree layer names
 * its commit, the ref of a component layer an object-set commit.
 */
import { isTreeportError } from '../../base/errors.ts';
import type { Digest } from '../../oci/model/descriptor.ts';
import type { Checksum } from '../../ostree/checksum.ts';
import { isPartial } from '../../ostree/partial.ts';
import { readRef } from '../../ostree/refs.ts';
import type { Repository } from '../../ostree/repo/open.ts';
import { reachableObjects, type SeenObjects } from '../../ostree/walk.ts';
import { readObjectSet } from './object-set.ts';
import { escapeForRef } from './ref-escape.ts';

export function blobRef(digest: Digest): string {
  return `ostree/container/blob/${escapeForRef(digest)}`;
}

/** The objects of a component layer if the repository has all of them. */
export function cachedObjects(repo: Repository, digest: Digest): Promise<readonly Checksum[] | undefined> {
  return ifThere(async () => {
    const commit = await readRef(repo, 'refs/heads', blobRef(digest));
    const objects = commit === undefined ? undefined : await readObjectSet(repo.objects, commit);
    for (const checksum of objects ?? []) {
      if (!(await repo.objects.has({ type: 'file', checksum }))) return undefined;
    }
    return objects;
  });
}

/** The commit of an ostree layer if the repository has all of its objects. */
export function cachedCommit(repo: Repository, digest: Digest): Promise<Checksum | undefined> {
  return ifThere(async () => {
    const commit = await readRef(repo, 'refs/heads', blobRef(digest));
    if (commit === undefined || isPartial(repo, commit)) return undefined;
    const seen: SeenObjects = new Set();
    for await (const name of reachableObjects(repo.objects, commit, seen)) {
      if (!(await repo.objects.has(name))) return undefined;
    }
    return commit;
  });
}

/** Treats missing and corrupt objects as a cache miss. */
async function ifThere<Value>(find: () => Promise<Value | undefined>): Promise<Value | undefined> {
  try {
    return await find();
  } catch (error) {
    if (isTreeportError(error, 'ERR_OBJECT_MISSING') || isTreeportError(error, 'ERR_OBJECT_CORRUPT'))
      return undefined;
    throw error;
  }
}
