/** The frame of a part file, around its sections however they are packed. */
import type { XzBlock, XzRecord } from '../../xz/block.ts';
import { XZ_STREAM_HEADER, xzTrailer } from '../../xz/stream.ts';
import type { PartContent, PartSection } from './part-assembly.ts';

/** Packs a section as a block, in pieces. */
export type PackSection = (section: PartSection) => Generator<Uint8Array, XzRecord>;

const XZ = Buffer.from('x');

/** The part file in pieces: `x`, and an xz stream in which each section is one block. */
export function* packSections({ sections }: PartContent, pack: PackSection): Generator<Uint8Array> {
  yield XZ;
  yield XZ_STREAM_HEADER;
  const records: XzRecord[] = [];
  for (const section of sections) records.push(yield* pack(section));
  yield xzTrailer(records);
}

/** A block that is made. */
export function* blockPieces({ pieces, ...record }: XzBlock): Generator<Uint8Array, XzRecord> {
  yield* pieces;
  return record;
}
