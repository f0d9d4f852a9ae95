/**
 * Adds the dirtree of an empty directory to a source. ostree-ext's streams omit the dirtree of `/sysroot`,
 * where the embedded repo is. That directory is nearly always empty, so the object is missing if the commit
 * has no other empty directory.
 */
import { type Checksum, checksumOf } from '../ostree/checksum.ts';
import { serializeDirtree } from '../ostree/dirtree.ts';
import type { ObjectName } from '../ostree/object-name.ts';
import type { ObjectSource } from '../ostree/object-source.ts';

export const EMPTY_DIRTREE: Buffer = serializeDirtree({ files: [], directories: [] });
export const EMPTY_DIRTREE_CHECKSUM: Checksum = checksumOf(EMPTY_DIRTREE);

export function withEmptyDirtree(source: ObjectSource): ObjectSource {
  const isEmptyDirtree = (name: ObjectName) =>
    name.type === 'dirtree' && name.checksum === EMPTY_DIRTREE_CHECKSUM;
  return {
    ...source,
    has: async (name) => isEmptyDirtree(name) || source.has(name),
    metadata: async (type, checksum) =>
      isEmptyDirtree({ type, checksum }) ? EMPTY_DIRTREE : source.metadata(type, checksum),
  };
}
