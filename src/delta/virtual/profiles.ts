/**
 * How the parts of virtual deltas are packed. `wan` for links where bytes or round trips count: about the
 * fastest preset of xz. `lan` for links where nothing counts but processors: nothing is compressed, so
 * neither side does more than copy. The measurements are in docs/decisions.
 */
import type { FilterChain, Lzma2Options } from '../../native/lzma/filter-chain.ts';
import { contentClassOf, type FileClass } from '../static/build/content-class.ts';
import type { Packing } from '../static/build/pack-part.ts';
import { XZ_PRESETS } from '../xz/presets.ts';
import type { VirtualProfile } from './virtual-delta.ts';

/** A sixth faster than preset 0, and 2 % larger: less would not be faster. */
const FASTEST: Lzma2Options = { ...(XZ_PRESETS[0] as Lzma2Options), niceLength: 32, depth: 2 };
const CHAIN: FilterChain = { lzma2: FASTEST, x86: false };

export type VirtualPacking = {
  readonly packing: Packing;
  /** In which section a file is. */
  readonly classOf: (bytes: Buffer) => FileClass;
};

export const VIRTUAL_PACKINGS: Readonly<Record<VirtualProfile, VirtualPacking>> = {
  wan: {
    classOf: contentClassOf,
    packing: {
      tables: CHAIN,
      metadata: CHAIN,
      plain: CHAIN,
      x86: { ...CHAIN, x86: true },
      relocatable: CHAIN,
      delta: CHAIN,
    },
  },
  // The tests of a file's bytes would take most of the time.
  lan: { classOf: () => 'plain', packing: {} },
};
