/**
 * Packs the payload of a part as a part file: `x` and an xz stream in which each section is one block, with
 * the filters of its class. A pure function of the payload, the packing and the version of liblzma.
 *
 * Clients map uncompressed parts at an offset that mmap refuses, so a part is xz even if nothing in it is
 * compressed.
 */
import type { FilterChain } from '../../../native/lzma/filter-chain.ts';
import { compressedBlock, compressedPieces, storedBlock, type XzRecord } from '../../xz/block.ts';
import { XZ_STREAM_HEADER, xzTrailer } from '../../xz/stream.ts';
import type { ContentClass } from './content-class.ts';
import type { PartContent, PartSection } from './part-assembly.ts';

/** Filters by class of content; a class without any is stored. */
export type Packing = Readonly<Partial<Record<ContentClass, FilterChain>>>;

const XZ = Buffer.from('x');

/**
 * The part file in pieces. Compression blocks the thread: section by section, or with `memory` piece by piece
 * into it, so that a piece lasts until the next is requested.
 */
export function* packPart(
  { sections }: PartContent,
  packing: Packing,
  memory?: Uint8Array,
): Generator<Uint8Array> {
  yield XZ;
  yield XZ_STREAM_HEADER;
  const records: XzRecord[] = [];
  for (const section of sections) records.push(yield* packSection(section, packing, memory));
  yield xzTrailer(records);
}

function* packSection(
  { class: name, bytes }: PartSection,
  packing: Packing,
  memory: Uint8Array | undefined,
): Generator<Uint8Array, XzRecord> {
  const chain = packing[name];
  if (chain !== undefined && memory !== undefined) return yield* compressedPieces(bytes, chain, memory);
  const block =
    chain === undefined
      ? storedBlock(bytes)
      : compressedBlock(bytes, chain, Buffer.allocUnsafeSlow(bytes.length));
  yield* block.pieces;
  return { unpaddedSize: block.unpaddedSize, contentSize: block.contentSize };
}
