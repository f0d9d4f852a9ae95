/** Entry point of a compression thread: compresses blocks from shared memory into shared memory. */
import { answerCalls } from '../../base/answer-calls.ts';
import { freeNow } from '../../base/bytes.ts';
import type { Block } from './block-format.ts';
import { BLOCK_FORMATS, type Compression } from './compression.ts';

export type CompressRequest = {
  readonly compression: Compression;
  readonly block: Block;
  /** Shared memory for the result, whose length is the answer. */
  readonly output: Uint8Array;
};

answerCalls(({ compression, block, output }: CompressRequest): number => {
  const compressed = BLOCK_FORMATS[compression.algorithm].compress(block, compression.level);
  const { length } = compressed;
  output.set(compressed);
  freeNow(compressed);
  return length;
});
