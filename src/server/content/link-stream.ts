/**
 * A large object as an archive file for one connection: stored where the connection takes bytes at once,
 * compressed lightly where it does not, and the one or the other from one segment to the next. The bytes
 * depend on the link, so no other connection gets them.
 *
 * The socket's buffers take the first megabytes at once on any link. So a stream that was compressed goes on
 * compressed until far more than they hold was taken without waiting, or the link has shown elsewhere that it
 * is fast. On a link that is known to be slow nothing waits if compressing is slower still.
 *
 * All segments are read into one buffer and stored there, because with new buffers for each V8 would mark its
 * heap dozens of times in a pull. A consumer that keeps pieces gets copies.
 */
import { performance } from 'node:perf_hooks';
import { asBuffer, freeNow } from '../../base/bytes.ts';
import type { Checksum } from '../../ostree/checksum.ts';
import { archiveHeader } from '../../ostree/file-header.ts';
import { MixedDeflate } from '../../ostree/mixed-deflate.ts';
import type { ContentObject } from '../../ostree/object-source.ts';
import { headersLength } from '../../ostree/stored-blocks.ts';
import { verifiedStream } from '../../ostree/verify.ts';
import type { Link } from '../http/link-speed.ts';
import { PIECE_BYTES } from '../http/piece-stream.ts';

export type LinkStreamOptions = {
  readonly link: Link;
  /** Asked once, at the start: whether the consumer is done with a piece when it requests the next. */
  readonly reusesMemory?: () => boolean;
};

const SEGMENT_BYTES = 2 * PIECE_BYTES;
const HEADERS_BYTES = headersLength(SEGMENT_BYTES);
const AT_ONCE_MS = 2;
const BUFFERED_BYTES = 8 * 1024 * 1024;

/** Throws ERR_OBJECT_CORRUPT before the end unless the bytes give the id. */
export async function* linkStream(
  object: ContentObject,
  checksum: Checksum,
  { link, reusesMemory }: LinkStreamOptions,
): AsyncGenerator<Buffer> {
  const memory = Buffer.allocUnsafeSlow(HEADERS_BYTES + SEGMENT_BYTES);
  const isReused = reusesMemory?.() === true;
  const deflate = new MixedDeflate();
  const pace = new Pace(link);
  yield archiveHeader(object.header, object.size);
  const verified = verifiedStream(object, checksum, memory.subarray(HEADERS_BYTES));
  for await (const segment of segments(verified, memory)) {
    const { isSlow } = pace;
    const bytes = isSlow ? deflate.compress(segment) : store(deflate, segment, memory, isReused);
    for (let start = 0; start < bytes.length; start += PIECE_BYTES) {
      const piece = bytes.subarray(start, start + PIECE_BYTES);
      const given = performance.now();
      yield piece;
      pace.taken(piece.length, given, performance.now());
    }
    if (isSlow && isReused) freeNow(bytes);
  }
  yield deflate.end();
  if (isReused) freeNow(memory);
}

/**
 * Decides by how long the connection took for the last pieces. From the end of one wait to the end of the
 * next, the link took what was written: the buffers were full at either.
 */
class Pace {
  isSlow: boolean;
  readonly #link: Link;
  /** When the last wait ended. */
  #waited: number | undefined;
  /** Bytes since then, and those of them that were taken at once. */
  #bytes = 0;
  #atOnce = 0;

  constructor(link: Link) {
    this.#link = link;
    this.isSlow = !link.isFast;
  }

  /** Records a piece that was given and taken at these times. */
  taken(bytes: number, given: number, now: number): void {
    this.#bytes += bytes;
    if (now - given <= AT_ONCE_MS) {
      this.#atOnce += bytes;
      if (this.#link.isFast || (this.#atOnce > BUFFERED_BYTES && !this.#link.isKnownSlow))
        this.isSlow = false;
      return;
    }
    if (this.#waited !== undefined) this.#link.took(this.#bytes, this.#waited, now);
    this.#waited = now;
    this.#bytes = 0;
    this.#atOnce = 0;
    this.isSlow = !this.#link.isFast;
  }
}

/** In `memory` itself if that may be overwritten by the next segment. */
function store(deflate: MixedDeflate, segment: Buffer, memory: Buffer, isReused: boolean): Buffer {
  if (!isIn(memory, segment)) return deflate.store(segment);
  const from = segment.byteOffset - memory.byteOffset;
  const stored = deflate.storeInPlace(memory.subarray(0, from + segment.length), from);
  return isReused ? stored : Buffer.from(stored);
}

function isIn(memory: Buffer, piece: Uint8Array): boolean {
  return piece.buffer === memory.buffer;
}

/** Pieces in `memory` are segments by themselves. */
async function* segments(pieces: AsyncIterable<Uint8Array>, memory: Buffer): AsyncGenerator<Buffer> {
  const held: { pieces: Uint8Array[]; bytes: number } = { pieces: [], bytes: 0 };
  for await (const piece of pieces) {
    if (isIn(memory, piece)) {
      yield asBuffer(piece);
      continue;
    }
    held.pieces.push(piece);
    held.bytes += piece.length;
    if (held.bytes < SEGMENT_BYTES) continue;
    yield Buffer.concat(held.pieces);
    held.pieces = [];
    held.bytes = 0;
  }
  if (held.bytes > 0) yield Buffer.concat(held.pieces);
}
