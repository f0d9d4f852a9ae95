/** Compresses a block from and into memory that is used again. */
import type { Block, LayerEncoder } from './block-format.ts';
import { FORMATS } from './formats.ts';

export type CompressRequest = {
  readonly encoder: LayerEncoder;
  readonly level: number;
  readonly block: Block;
  /** For the result; shared memory, if another thread compresses. */
  readonly output: Uint8Array;
};

/** Returns the number of bytes in `output`. */
export function compressBlock({ encoder, level, block, output }: CompressRequest): number {
  return FORMATS[encoder].compress(block, level, output);
}
