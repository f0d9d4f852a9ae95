/** Entry point of a compression thread: compresses one block of shared memory into another. */
import { answerCalls } from '../../base/answer-calls.ts';
import type { Block } from './block-format.ts';
import { BLOCK_FORMATS, type Compression } from './compression.ts';

export type CompressRequest = {
  readonly compression: Compression;
  readonly block: Block;
  /** Shared memory that the result is put into; the answer is its length. */
  readonly output: Uint8Array;
};

answerCalls(({ compression, block, output }: CompressRequest): number => {
  const compressed = BLOCK_FORMATS[compression.algorithm].compress(block, compression.level);
  const { length } = compressed;
  output.set(compressed);
  release(compressed);
  return length;
});

/** Frees the memory at once: collected late, a buffer per block would be most of the process. */
function release(buffer: Buffer<ArrayBuffer>): void {
  if (buffer.buffer.byteLength > Buffer.poolSize) buffer.buffer.transfer(0);
}
