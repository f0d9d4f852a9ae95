/**
 * Adds the dirtree of an empty directory to a source. Of `/sysroot`, where the embedded repo lies, ostree-ext's streams
 * have no dirtree; it is nearly always that of an empty directory, and the stream lacks it if the commit has no other
 * empty directory.
 */
import { hash } from 'node:crypto';
import type { Checksum } from '../ostree/checksum.ts';
import { serializeDirtree } from '../ostree/dirtree.ts';
import type { ObjectName } from '../ostree/object-name.ts';
import type { ObjectSource } from '../ostree/object-source.ts';

export const EMPTY_DIRTREE: Buffer = serializeDirtree({ files: [], directories: [] });
export const EMPTY_DIRTREE_CHECKSUM: Checksum = hash('sha256', EMPTY_DIRTREE);

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
