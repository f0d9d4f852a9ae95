/**
 * How a stream is cut and compressed block by block, so that blocks can be compressed on any number of
 * threads and the bytes are the same for every number of them and however the input arrives.
 */
export type BlockFormat = {
  /** Bytes of input per block; only the last one is shorter. */
  readonly blockSize: number;
  /** How many of the bytes before a block are handed to its compression. */
  readonly dictionarySize: number;
  header(level: number): Uint8Array;
  trailer(total: StreamTotal): Uint8Array;
  compress(block: Block, level: number): Buffer<ArrayBuffer>;
};

export type Block = {
  readonly bytes: Uint8Array;
  /** The bytes before it; empty for the first. */
  readonly dictionary: Uint8Array;
  readonly last: boolean;
};

/** About the whole input. */
export type StreamTotal = {
  readonly crc32: number;
  readonly size: number;
};

/** No compression here makes a block longer by more than this. */
export const MAX_EXPANSION = 64 * 1024;
