/**
 * How well parts are compressed. `fast` is about as small as libostree's deltas and takes a tenth of the
 * time; the measurements are in docs/decisions. Dictionaries are as small as pays: hash chains that stay in
 * the processor's cache make compression twice as fast, and decoders allocate what the header announces.
 */
import type { FilterChain, Lzma2Options } from '../../../native/lzma/filter-chain.ts';
import { XZ_PRESETS } from '../../xz/presets.ts';
import type { Packing } from './pack-part.ts';

export type ProfileName = 'fast' | 'balanced' | 'small';

const MIB = 1024 * 1024;

/** The bytes of patches that are not zero are words of code and tables, which move as a whole. */
const WORDS = { lc: 0, lp: 2, pb: 2 } as const;

const PRESET_1 = XZ_PRESETS[1] as Lzma2Options;
const PRESET_2 = XZ_PRESETS[2] as Lzma2Options;
const PRESET_3 = XZ_PRESETS[3] as Lzma2Options;
const PRESET_6 = XZ_PRESETS[6] as Lzma2Options;
const PRESET_8 = XZ_PRESETS[8] as Lzma2Options;
/** In code more candidates than these save 1 %, and take a quarter of the time. */
const SHORT_CHAINS = { niceLength: 64, depth: 4 } as const;
/** Lazy matching with short hash chains: between presets 3 and 4. */
const LIGHT: Lzma2Options = { ...PRESET_6, matchFinder: 'hc4', niceLength: 32, depth: 4 };

const FAST: Packing = {
  tables: chain(PRESET_2, MIB),
  metadata: chain(PRESET_2, MIB),
  // Half the time of preset 2, and 3 % larger.
  plain: chain(PRESET_1, 2 * MIB),
  x86: x86({ ...PRESET_1, ...SHORT_CHAINS }, 8 * MIB),
  // Three fifths of the time of preset 2, and 3 % larger.
  relocatable: chain({ ...PRESET_1, ...SHORT_CHAINS }, MIB),
  delta: chain({ ...PRESET_3, ...WORDS }, 4 * MIB),
};

export const PACKINGS: Readonly<Record<ProfileName, Packing>> = {
  fast: FAST,
  balanced: {
    ...FAST,
    plain: chain(LIGHT, 4 * MIB),
    // A seventh faster than with four candidates, and 0.8 % larger.
    x86: x86({ ...LIGHT, depth: 2 }, 8 * MIB),
    // A fifth faster than with 4 MiB and matches of 32 bytes, and 1.6 % larger.
    relocatable: chain({ ...LIGHT, niceLength: 20 }, 2 * MIB),
  },
  // bt4 takes twelve times the dictionary in memory, in each thread.
  small: {
    tables: chain(PRESET_8, MIB),
    metadata: chain(PRESET_8, 8 * MIB),
    plain: chain(PRESET_8, 8 * MIB),
    x86: x86(PRESET_8, 8 * MIB),
    relocatable: chain(PRESET_8, 8 * MIB),
    // Patches have long runs of zeros: 3 % smaller than with preset 8's 64. With half the candidates that
    // liblzma takes then, and half the dictionary, 0.2 % larger in 11 % less time.
    delta: chain({ ...PRESET_8, ...WORDS, niceLength: 128, depth: 48 }, 3 * MIB),
    incompressible: chain(PRESET_8, MIB),
  },
};

function chain(options: Lzma2Options, dictionarySize: number): FilterChain {
  return { lzma2: { ...options, dictionarySize }, x86: false };
}

function x86(options: Lzma2Options, dictionarySize: number): FilterChain {
  return { ...chain(options, dictionarySize), x86: true };
}
