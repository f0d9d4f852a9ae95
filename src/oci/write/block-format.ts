/**
 * How a stream is cut into blocks that are compressed independently. The output depends neither on the number
 * of threads nor on how the input arrives.
 */
export type BlockFormat = {
  /** Bytes of input per block; only the last one is shorter. */
  readonly blockSize: number;
  /** Number of preceding bytes that a block is compressed with. */
  readonly dictionarySize: number;
  header(level: number): Uint8Array;
  trailer(total: StreamTotal): Uint8Array;
  /** Memory of its own. */
  compress(block: Block, level: number): Buffer<ArrayBuffer>;
  /** The same bytes, made by libuv's pool, if it can make them. */
  readonly compressOnPool: ((block: Block, level: number) => Promise<Buffer<ArrayBuffer>>) | undefined;
};

export type Block = {
  readonly bytes: Uint8Array;
  /** The preceding bytes; empty for the first block. */
  readonly dictionary: Uint8Array;
  readonly last: boolean;
};

/** Sums of the whole input. */
export type StreamTotal = {
  readonly crc32: number;
  readonly size: number;
};

/** Maximum growth of a block in bytes, for all formats. */
export const MAX_EXPANSION = 64 * 1024;
