/**
 * About how many bytes objects take in compressed layers: each is deflated once, alone, at level 1. A layer
 * is smaller by what its objects have in common, and by the better levels of real images; it is larger by
 * headers of tar. Figures are to be compared with one another.
 */
import { deflateRawSync, constants as zlib } from 'node:zlib';
import { collectSized } from '../../base/bytes.ts';
import { eachConcurrently } from '../../base/each-concurrently.ts';
import type { Checksum } from '../../ostree/checksum.ts';
import type { ObjectSource } from '../../ostree/object-source.ts';
import { reachableObjects } from '../../ostree/walk.ts';

const LEVEL = zlib.Z_BEST_SPEED;
/** Larger objects are deflated in pieces, so that memory is bounded. */
const PIECE_BYTES = 4 * 1024 * 1024;
const AT_ONCE = 4;

export class CompressedSizes {
  readonly #source: ObjectSource;
  readonly #content = new Map<Checksum, number>();

  constructor(source: ObjectSource) {
    this.#source = source;
  }

  /** Deflates the objects that it does not know yet. */
  async add(objects: Iterable<Checksum>): Promise<void> {
    const unknown = [...objects].filter((checksum) => !this.#content.has(checksum));
    await eachConcurrently(unknown, AT_ONCE, async (checksum) => {
      this.#content.set(checksum, await this.#deflate(checksum));
    });
  }

  /** Bytes of content objects that were added. */
  total(objects: Iterable<Checksum>): number {
    let sum = 0;
    for (const checksum of objects) sum += this.#content.get(checksum) ?? 0;
    return sum;
  }

  async #deflate(checksum: Checksum): Promise<number> {
    const object = await this.#source.content(checksum);
    if (object.size <= PIECE_BYTES) {
      const bytes = await collectSized(object.stream(), object.size);
      return deflateRawSync(bytes, { level: LEVEL }).length;
    }
    const sum = { bytes: 0 };
    for await (const piece of pieces(object.stream()))
      sum.bytes += deflateRawSync(piece, { level: LEVEL }).length;
    return sum.bytes;
  }
}

/** Joins small pieces; each lasts until the next is requested. */
async function* pieces(stream: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  const filled = { buffer: Buffer.allocUnsafe(PIECE_BYTES), length: 0 };
  for await (const piece of stream) {
    for (let at = 0; at < piece.length; ) {
      const part = piece.subarray(at, at + PIECE_BYTES - filled.length);
      filled.buffer.set(part, filled.length);
      filled.length += part.length;
      at += part.length;
      if (filled.length < PIECE_BYTES) continue;
      yield filled.buffer;
      filled.length = 0;
    }
  }
  yield filled.buffer.subarray(0, filled.length);
}

export type MetadataBytes = {
  /** Of the commit with all its directories: they are in the ostree layer of every image. */
  readonly all: number;
  /** Of those that no commit before had. */
  readonly fresh: number;
};

/** Deflates the metadata objects together, as in the ostree layer. `seen` gets the names of all of them. */
export async function metadataBytes(
  source: ObjectSource,
  commit: Checksum,
  seen: Set<string>,
): Promise<MetadataBytes> {
  const all: Buffer[] = [];
  const fresh: Buffer[] = [];
  for await (const { type, checksum } of reachableObjects(source, commit)) {
    if (type !== 'commit' && type !== 'dirtree' && type !== 'dirmeta') continue;
    const bytes = await source.metadata(type, checksum);
    all.push(bytes);
    if (!seen.has(checksum)) fresh.push(bytes);
    seen.add(checksum);
  }
  const deflated = (parts: readonly Buffer[]) =>
    deflateRawSync(Buffer.concat(parts), { level: LEVEL }).length;
  return { all: deflated(all), fresh: deflated(fresh) };
}
