/**
 * Packs the payload of a part as a part file: `x` and an xz stream in which each section is one block, with
 * the filters of its class.
 *
 * Clients map uncompressed parts at an offset that mmap refuses, so a part is xz even if nothing in it is
 * compressed.
 */
import type { FilterChain } from '../../../native/lzma/filter-chain.ts';
import { storedBlock } from '../../xz/block.ts';
import { compressedBlock, mixedBlock } from '../../xz/liblzma-block.ts';
import type { ContentClass } from './content-class.ts';
import { runsOf } from './content-runs.ts';
import { blockPieces, packSections } from './pack-sections.ts';
import type { PartContent } from './part-assembly.ts';

/** Filters by class of content; a class without any is stored. */
export type Packing = Readonly<Partial<Record<ContentClass, FilterChain>>>;

/**
 * The part file in pieces: a pure function of the payload, the packing and the version of liblzma.
 * Compression blocks the thread section by section.
 */
export function packPart(content: PartContent, packing: Packing): Generator<Uint8Array> {
  return packSections(content, function* ({ class: name, bytes }) {
    const chain = packing[name];
    if (chain === undefined) return yield* blockPieces(storedBlock(bytes));
    const scratch = Buffer.allocUnsafeSlow(bytes.length);
    return yield* blockPieces(
      name === 'incompressible'
        ? mixedBlock(bytes, runsOf(bytes), chain.lzma2, scratch)
        : compressedBlock(bytes, chain, scratch),
    );
  });
}
