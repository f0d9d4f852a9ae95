/**
 * A filter chain of one xz block as plain data, and its form in memory for liblzma: an array of lzma_filter
 * that points to lzma_options_lzma (lzma/filter.h, lzma/lzma12.h).
 */
import { lazyKoffi } from './koffi.ts';

/** `hc` are hash chains, `bt` binary trees; the digit is the number of hashed bytes. */
export type MatchFinder = 'hc3' | 'hc4' | 'bt2' | 'bt3' | 'bt4';

export type Lzma2Options = {
  /** Bytes; decoders allocate as much. At least 4 KiB. */
  readonly dictionarySize: number;
  readonly lc: number;
  readonly lp: number;
  readonly pb: number;
  readonly mode: 'fast' | 'normal';
  readonly matchFinder: MatchFinder;
  /** A match of this length is taken without looking further: 2 to 273. */
  readonly niceLength: number;
  /** Candidates tried per position; 0 lets liblzma choose by `niceLength`. */
  readonly depth: number;
};

export type FilterChain = {
  readonly lzma2: Lzma2Options;
  /** Makes the targets of x86 calls and jumps absolute before compression. */
  readonly x86: boolean;
};

/** Ids of filters, in block headers too (the .xz file format, 5.3). */
export const FILTER_IDS = { x86: 0x04, lzma2: 0x21 } as const;
const END_OF_CHAIN = 0xffff_ffff_ffff_ffffn;

const MATCH_FINDERS = { hc3: 0x03, hc4: 0x04, bt2: 0x12, bt3: 0x13, bt4: 0x14 } as const;
const MODES = { fast: 1, normal: 2 } as const;
const FILTER_BYTES = 16;
/** With the one that ends the chain. */
const MAX_FILTERS = 3;
const OPTIONS_BYTES = 112;

/** The chain in memory, in one piece: the filters, and the options that they point to. */
export function foreignChain(chain: FilterChain): Uint8Array {
  const memory = Buffer.alloc(MAX_FILTERS * FILTER_BYTES + OPTIONS_BYTES);
  const options = memory.subarray(MAX_FILTERS * FILTER_BYTES);
  const filters = [
    ...(chain.x86 ? [{ id: BigInt(FILTER_IDS.x86), options: 0n }] : []),
    { id: BigInt(FILTER_IDS.lzma2), options: lazyKoffi().address(options) },
    { id: END_OF_CHAIN, options: 0n },
  ];
  for (const [index, filter] of filters.entries()) {
    memory.writeBigUInt64LE(filter.id, index * FILTER_BYTES);
    memory.writeBigUInt64LE(filter.options, index * FILTER_BYTES + 8);
  }
  writeOptions(options, chain.lzma2);
  return memory;
}

function writeOptions(options: Buffer, lzma2: Lzma2Options): void {
  options.writeUInt32LE(lzma2.dictionarySize, 0);
  options.writeUInt32LE(lzma2.lc, 20);
  options.writeUInt32LE(lzma2.lp, 24);
  options.writeUInt32LE(lzma2.pb, 28);
  options.writeUInt32LE(MODES[lzma2.mode], 32);
  options.writeUInt32LE(lzma2.niceLength, 36);
  options.writeUInt32LE(MATCH_FINDERS[lzma2.matchFinder], 40);
  options.writeUInt32LE(lzma2.depth, 44);
}
