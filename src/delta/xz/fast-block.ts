/** Blocks of the .xz format by the fast encoder (fast-encoder.ts), made piece by piece. */
import { crc32 } from 'node:zlib';
import { blockHeader, blockTrailer, recordOf, type XzRecord } from './block.ts';
import type { FastEncoder } from './fast-encoder.ts';

export type FastBlockOptions = {
  /** Makes the targets of calls and jumps absolute before compression. */
  readonly x86: boolean;
  readonly encoder: FastEncoder;
  /** Called when the content is no longer needed. */
  readonly release?: () => void;
};

/** Compresses `content`, in pieces; each lasts until the next is requested. */
export function* fastBlock(
  content: Uint8Array,
  { x86, encoder, release }: FastBlockOptions,
): Generator<Uint8Array, XzRecord> {
  const contentSize = content.length;
  const check = crc32(content);
  encoder.begin(content, x86);
  release?.();
  const body = { size: 0 };
  yield blockHeader(contentSize, x86);
  for (const piece of encoder.chunks()) {
    body.size += piece.length;
    yield piece;
  }
  yield blockTrailer(body.size, check);
  return recordOf(body.size, contentSize);
}
