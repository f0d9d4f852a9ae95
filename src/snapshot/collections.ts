/**
 * Checks the collections of refs that are extracted: a repository announces its own refs as of its
 * collection.
 */
import { TreeportError } from '../base/errors.ts';
import { isCollectionId } from '../mirror/published-refs.ts';
import { keyfileString } from '../ostree/keyfile.ts';
import type { Repository } from '../ostree/repo/open.ts';
import type { SnapshotRefs } from './snapshot-refs.ts';

/** ERR_COLLECTION_CONFLICT, ERR_SNAPSHOT. */
export function checkCollections(repo: Repository, refs: SnapshotRefs, snapshot: string): void {
  const own = keyfileString(repo.config, 'core', 'collection-id');
  for (const { name, collections } of refs) {
    const invalid = collections.find((id) => !isCollectionId(id));
    if (invalid !== undefined)
      throw new TreeportError(
        'ERR_SNAPSHOT',
        `the ref ${name} of ${snapshot} is of the collection ${JSON.stringify(invalid)}, which is no valid id`,
      );
    const [first] = collections;
    if (own === undefined || first === undefined || collections.includes(own)) continue;
    throw new TreeportError(
      'ERR_COLLECTION_CONFLICT',
      `the ref ${name} of ${snapshot} is of the collection ${first}, and the repository ${repo.path} is of ${own}; extract it into another repository`,
    );
  }
}
