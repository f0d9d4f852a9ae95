/** Blocks of the .xz format by the fast encoder (fast-encoder.ts), made piece by piece. */
import { crc32 } from 'node:zlib';
import { blockHeader, blockTrailer, recordOf, type XzRecord } from './block.ts';
import type { FastEncoder } from './fast-encoder.ts';
import { filterX86 } from './x86-filter.ts';

export type FastBlockOptions = {
  /** Makes the targets of calls and jumps absolute before compression, for which `content` is overwritten. */
  readonly x86: boolean;
  readonly encoder: FastEncoder;
};

/** Compresses `content`, in pieces; each lasts until the next is requested. */
export function* fastBlock(
  content: Uint8Array,
  { x86, encoder }: FastBlockOptions,
): Generator<Uint8Array, XzRecord> {
  const check = crc32(content);
  const body = { size: 0 };
  yield blockHeader(content.length, x86);
  if (x86) filterX86(content);
  for (const piece of encoder.chunks(content)) {
    body.size += piece.length;
    yield piece;
  }
  yield blockTrailer(body.size, check);
  return recordOf(body.size, content.length);
}
