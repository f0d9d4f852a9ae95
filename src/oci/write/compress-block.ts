/** Compresses a block from and into memory that is used again. */
import { freeNow } from '../../base/bytes.ts';
import type { Block } from './block-format.ts';
import { BLOCK_FORMATS, type Compression } from './compression.ts';

export type CompressRequest = {
  readonly compression: Compression;
  readonly block: Block;
  /** For the result; shared memory, if another thread compresses. */
  readonly output: Uint8Array;
};

/** Returns the number of bytes in `output`. */
export function compressBlock({ compression, block, output }: CompressRequest): number {
  return moveInto(output, BLOCK_FORMATS[compression.algorithm].compress(block, compression.level));
}

/** The same on libuv's pool; undefined if that cannot make the bytes of this format. */
export function compressOnPool({
  compression,
  block,
  output,
}: CompressRequest): (() => Promise<number>) | undefined {
  const { compressOnPool: onPool } = BLOCK_FORMATS[compression.algorithm];
  if (onPool === undefined) return undefined;
  return async () => moveInto(output, await onPool(block, compression.level));
}

function moveInto(output: Uint8Array, compressed: Buffer): number {
  const { length } = compressed;
  output.set(compressed);
  freeNow(compressed);
  return length;
}
