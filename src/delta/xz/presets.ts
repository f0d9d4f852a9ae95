/**
 * liblzma's presets 0 to 9 as plain data (lzma_encoder_presets.c of xz 5.4). A later version may change what
 * the numbers mean; these parameters stay the same.
 */
import type { Lzma2Options } from '../../native/lzma/filter-chain.ts';

const KIB = 1024;
const MIB = 1024 * KIB;
const LITERALS = { lc: 3, lp: 0, pb: 2 } as const;

export const XZ_PRESETS: readonly Lzma2Options[] = [
  fast(256 * KIB, 'hc3', 128, 4),
  fast(MIB, 'hc4', 128, 8),
  fast(2 * MIB, 'hc4', 273, 24),
  fast(4 * MIB, 'hc4', 273, 48),
  normal(4 * MIB, 16),
  normal(8 * MIB, 32),
  normal(8 * MIB, 64),
  normal(16 * MIB, 64),
  normal(32 * MIB, 64),
  normal(64 * MIB, 64),
];

function fast(
  dictionarySize: number,
  matchFinder: 'hc3' | 'hc4',
  niceLength: number,
  depth: number,
): Lzma2Options {
  return { dictionarySize, ...LITERALS, mode: 'fast', matchFinder, niceLength, depth };
}

function normal(dictionarySize: number, niceLength: number): Lzma2Options {
  return { dictionarySize, ...LITERALS, mode: 'normal', matchFinder: 'bt4', niceLength, depth: 0 };
}
