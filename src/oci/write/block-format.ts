/**
 * How a stream is cut into blocks that are compressed independently. The output depends neither on the number
 * of threads nor on how the input arrives.
 */
export type BlockFormat = {
  readonly encoder: LayerEncoder;
  /** Bytes of input per block; only the last one is shorter. */
  readonly blockSize: number;
  /** Number of preceding bytes that a block is compressed with. */
  readonly dictionarySize: number;
  header(level: number): Uint8Array;
  trailer(total: StreamTotal): Uint8Array;
  /** Compresses a block into `output`; returns the number of bytes there. */
  compress(block: Block, level: number, output: Uint8Array): number;
  /** The same on libuv's pool. */
  readonly pool: BlockFormatOnPool | undefined;
};

export type BlockFormatOnPool = {
  /** The most processors that it keeps busy; for more, threads of our own are faster. */
  readonly processors: number;
  compress(block: Block, level: number, output: Uint8Array): Promise<number>;
};

/** Each gives bytes of its own: libdeflate and zlib for gzip, zstd for zstd. */
export type LayerEncoder = 'libdeflate' | 'zlib' | 'zstd';

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
