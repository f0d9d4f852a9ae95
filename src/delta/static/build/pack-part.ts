/**
 * Packs the payload of a part as a part file: `x` and an xz stream in which each section is one block, with
 * the filters of its class.
 *
 * Clients map uncompressed parts at an offset that mmap refuses, so a part is xz even if nothing in it is
 * compressed.
 */
import type { FilterChain } from '../../../native/lzma/filter-chain.ts';
import { storedBlock } from '../../xz/block.ts';
import { compressedBlock } from '../../xz/liblzma-block.ts';
import type { ContentClass } from './content-class.ts';
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
    return yield* blockPieces(
      chain === undefined
        ? storedBlock(bytes)
        : compressedBlock(bytes, chain, Buffer.allocUnsafeSlow(bytes.length)),
    );
  });
}
