/**
 * The order of objects in a delta. Neighbours share a compressor's window, so kinds of content lie together,
 * and in them what resembles each other: libraries by path, text by extension and name. The kind is guessed
 * from the path here; filters are chosen by content when a part is made (../build/).
 */
import { posix } from 'node:path';
import { compareBytes } from '../../../base/bytes.ts';

export type OrderedKind = 'metadata' | 'regular' | 'delta' | 'symlink';

export type OrderKey = { readonly rank: number; readonly name: string; readonly path: string };

const COMPRESSED =
  /\.(?:gz|tgz|xz|txz|bz2|zst|lz4|br|zip|jar|whl|apk|png|jpe?g|gif|webp|woff2?|og[ga]|opus|mp[34]|webm|flac)$/;
const MODULE = /\.(?:ko|o|a)$/;
const LIBRARY = /\.so(?:\.[\d.]+)?$/;
const PROGRAM_FOLDER = /(?:^|\/)(?:s?bin|libexec|git-core)\/[^/.]+$/;

/** Where an object comes in the delta. Objects of one commit differ in their paths, or in being metadata. */
export function orderKey(kind: OrderedKind, path: string): OrderKey {
  switch (kind) {
    case 'metadata':
      return { rank: 0, name: '', path };
    case 'delta':
      return { rank: 5, name: posix.extname(path), path };
    case 'symlink':
      return { rank: 6, name: '', path };
    case 'regular':
      return orderOfFile(path);
  }
}

function orderOfFile(path: string): OrderKey {
  if (COMPRESSED.test(path)) return { rank: 4, name: '', path };
  if (MODULE.test(path)) return { rank: 3, name: '', path };
  if (LIBRARY.test(path) || PROGRAM_FOLDER.test(path)) return { rank: 2, name: '', path };
  return { rank: 1, name: byExtension(path), path };
}

function byExtension(path: string): string {
  return `${posix.extname(path)} ${posix.basename(path)}`;
}

export function compareOrder(a: OrderKey, b: OrderKey): number {
  return a.rank - b.rank || compareBytes(a.name, b.name) || compareBytes(a.path, b.path);
}
