/**
 * A root filesystem as an ObjectSource: its metadata objects are in memory, the bytes of its files where they
 * are. Reading a file that has changed since its checksum was computed is ERR_ROOTFS_CHANGED.
 */
import { checkRange } from '../../ostree/byte-range.ts';
import type { Checksum } from '../../ostree/checksum.ts';
import { formatObjectName, type ObjectName, parseObjectName } from '../../ostree/object-name.ts';
import {
  type ObjectSource,
  type StoredObject,
  storedBytes,
  storedEmpty,
} from '../../ostree/object-source.ts';
import { noSuchObject } from '../../ostree/repo/object-error.ts';
import { serializeXattrs } from '../../ostree/xattrs.ts';
import type { RootContent } from './hash-files.ts';
import { piecesOf } from './read-place.ts';
import { headerOf } from './root-tree.ts';

export type RootObjects = {
  /** By `<checksum>.<type>`. */
  readonly metadata: ReadonlyMap<string, Buffer>;
  readonly content: ReadonlyMap<Checksum, RootContent>;
};

export function rootSource({ metadata, content }: RootObjects): ObjectSource {
  const missing = (name: ObjectName) =>
    noSuchObject(formatObjectName(name), 'of this object in the root filesystem');
  return {
    has: async (name) =>
      name.type === 'file' ? content.has(name.checksum) : metadata.has(formatObjectName(name)),
    metadata: async (type, checksum) => {
      const bytes = metadata.get(formatObjectName({ type, checksum }));
      if (bytes === undefined) throw missing({ type, checksum });
      return bytes;
    },
    content: async (checksum) => {
      const node = content.get(checksum);
      if (node === undefined) throw missing({ type: 'file', checksum });
      return storedNode(node);
    },
    async *list() {
      for (const name of metadata.keys()) yield parseObjectName(name);
      for (const checksum of content.keys()) yield { type: 'file', checksum };
    },
  };
}

function storedNode(node: RootContent): StoredObject {
  const header = headerOf(node, serializeXattrs(node.xattrs));
  if (node.kind === 'symlink') return storedEmpty(header);
  const { size, place } = node;
  if (size === 0) return storedBytes(header, Buffer.alloc(0));
  return {
    header,
    size,
    stream: () => piecesOf(place, 0, size),
    bytes: (from, to) => {
      checkRange(from, to, size);
      return piecesOf(place, from, to);
    },
  };
}
