/**
 * How the parts of virtual deltas are packed. `wan` for links where bytes or round trips count: the fastest
 * preset of xz that pays. `lan` for links where nothing counts but processors: nothing is compressed, so
 * neither side does more than copy. The measurements are in docs/decisions.
 */
import type { FilterChain, Lzma2Options } from '../../native/lzma/filter-chain.ts';
import type { Packing } from '../static/build/pack-part.ts';
import { XZ_PRESETS } from '../xz/presets.ts';
import type { VirtualProfile } from './virtual-delta.ts';

const CHAIN: FilterChain = { lzma2: XZ_PRESETS[0] as Lzma2Options, x86: false };

export const VIRTUAL_PACKINGS: Readonly<Record<VirtualProfile, Packing>> = {
  wan: {
    tables: CHAIN,
    metadata: CHAIN,
    plain: CHAIN,
    x86: { ...CHAIN, x86: true },
    relocatable: CHAIN,
    delta: CHAIN,
  },
  lan: {},
};
