/**
 * Refs on what came out of layers, so that layers need not be fetched again: `ostree/container/blob/` and the layer's
 * escaped digest. That of an ostree layer is on its commit, that of a component layer on an object-set commit. ostree-ext
 * has the same.
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

/** The objects of a component layer if all of them are in the repository. */
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

/** The commit of an ostree layer if it and all that it needs are in the repository. */
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

/** What is damaged or has gone is fetched again. */
async function ifThere<Value>(find: () => Promise<Value | undefined>): Promise<Value | undefined> {
  try {
    return await find();
  } catch (error) {
    if (isTreeportError(error, 'ERR_OBJECT_MISSING') || isTreeportError(error, 'ERR_OBJECT_CORRUPT'))
      return undefined;
    throw error;
  }
}
