/**
 * Encodes whole tar entries: long-name (`L`, `K`) and PAX entries if needed, the header, then the data,
 * padded to whole blocks.
 */
import type { Xattr } from '../ostree/xattrs.ts';
import {
  BLOCK_BYTES,
  encodeHeader,
  encodeLongNameHeader,
  encodePaxHeader,
  isLong,
  isLongPath,
  type TarHeader,
} from './header.ts';

/** Two blocks of zeros. */
export const END_OF_ARCHIVE: Buffer = Buffer.alloc(2 * BLOCK_BYTES);

export type EncodedHeader = {
  /** In the order in which they are written. */
  readonly blocks: readonly Buffer[];
  /** The header itself, the last of the blocks. A later header may be encoded over it. */
  readonly header: Buffer;
};

/** Encodes a header with its long-name entries; `over` as in {@link encodeHeader}. */
export function encodeEntry(entry: TarHeader, over?: Buffer): EncodedHeader {
  const header = encodeHeader(entry, over);
  const blocks: Buffer[] = [];
  if (isLongPath(entry.path)) blocks.push(...longName('L', entry.path));
  if (isLong(entry.target)) blocks.push(...longName('K', entry.target));
  blocks.push(header);
  return { blocks, header };
}

function longName(flag: 'L' | 'K', text: string): readonly Buffer[] {
  const data = Buffer.from(`${text}\0`);
  return [encodeLongNameHeader(flag, data.length), data, padding(data.length)];
}

const ZEROS = Buffer.alloc(BLOCK_BYTES);

/** The zeros that fill the last block of `size` bytes of data. */
export function padding(size: number): Buffer {
  const over = size % BLOCK_BYTES;
  return ZEROS.subarray(0, over === 0 ? 0 : BLOCK_BYTES - over);
}

/** The PAX entry that gives the next entry these extended attributes; nothing if there are none. */
export function paxXattrs(xattrs: readonly Xattr[]): readonly Buffer[] {
  if (xattrs.length === 0) return [];
  const data = Buffer.concat(xattrs.map(({ name, value }) => paxRecord(name, value)));
  return [encodePaxHeader(data.length), data, padding(data.length)];
}

/** `LENGTH SCHILY.xattr.NAME=VALUE\n`, the length that of the whole record, itself included. */
function paxRecord(name: Buffer, value: Buffer): Buffer {
  const rest = Buffer.concat([
    Buffer.from(' SCHILY.xattr.'),
    name,
    Buffer.from('='),
    value,
    Buffer.from('\n'),
  ]);
  let length = rest.length + 1;
  while (String(length).length + rest.length > length) length += 1;
  return Buffer.concat([Buffer.from(String(length)), rest]);
}
