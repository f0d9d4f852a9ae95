/** Blocks of the .xz format by the fast encoder (fast-encoder.ts), made piece by piece. */
import { crc32 } from 'node:zlib';
import { blockHeader, blockTrailer, recordOf, type XzRecord } from './block.ts';
import type { FastEncoder } from './fast-encoder.ts';

export type FastBlockOptions = {
  /** Makes the targets of calls and jumps absolute before compression. */
  readonly x86: boolean;
  readonly encoder: FastEncoder;
};

/** Compresses `content`, in pieces; each lasts until the next is requested. */
export function* fastBlock(
  content: Uint8Array,
  { x86, encoder }: FastBlockOptions,
): Generator<Uint8Array, XzRecord> {
  const body = { size: 0 };
  yield blockHeader(content.length, x86);
  for (const piece of encoder.chunks(content, x86)) {
    body.size += piece.length;
    yield piece;
  }
  yield blockTrailer(body.size, crc32(content));
  return recordOf(body.size, content.length);
}
