/**
 * A part of a virtual delta that is sent while it is made. Making neither waits for readers nor stops when
 * they leave. The last piece is added only when the checksum of the whole is known to be right, so that no
 * reader gets a whole part that is wrong; a failure is an error of the stream, never a clean end.
 *
 * The pieces are in memory until the part is released; readers that have not got all by then go on with
 * `reopen`, so that slow clients hold no part in memory.
 */
import type { Readable } from 'node:stream';
import { freeNow } from '../../base/bytes.ts';
import { type PieceStream, pieceStream } from '../http/piece-stream.ts';
import type { ByteRange } from '../http/ranges.ts';

/** Opens the part again at a range. */
export type ReopenPart = (range: ByteRange) => Promise<AsyncIterable<Buffer>>;

type State = 'growing' | 'complete' | 'failed' | 'released';

export class GrowingPart {
  /** Bytes of the whole part. */
  readonly size: number;
  readonly #reopen: ReopenPart;
  readonly #pieces: Buffer[] = [];
  #state: State = 'growing';
  #failure: unknown;
  #grown = Promise.withResolvers<void>();
  #readers = 0;
  /** A connection may have pieces in its buffers, so that the garbage collector has to free them. */
  #isLent = false;
  #released: readonly Buffer[] = [];

  constructor(size: number, reopen: ReopenPart) {
    this.size = size;
    this.#reopen = reopen;
  }

  /** Those that were added; none after {@link release}. */
  get pieces(): readonly Buffer[] {
    return this.#pieces;
  }

  get isReleased(): boolean {
    return this.#state === 'released';
  }

  add(piece: Buffer): void {
    this.#pieces.push(piece);
    this.#change('growing');
  }

  /** Called when the last piece was added. */
  complete(): void {
    this.#change('complete');
  }

  fail(error: unknown): void {
    this.#failure = error;
    this.#change('failed');
  }

  /** Drops the pieces. */
  release(): void {
    this.#released = this.#pieces.splice(0);
    this.#change('released');
    this.#free();
  }

  /** Resolves when there are bytes to send; rejects if it fails before. */
  async started(): Promise<void> {
    while (this.#pieces.length === 0 && this.#state === 'growing') await this.#grown.promise;
    if (this.#pieces.length === 0 && this.#state === 'failed') throw this.#failure;
  }

  /** Resolves when the part is complete; rejects if it fails. */
  async finished(): Promise<void> {
    while (this.#state === 'growing') await this.#grown.promise;
    if (this.#state === 'failed') throw this.#failure;
  }

  /** A stream of the range. */
  stream(range: ByteRange): Readable {
    const stream: PieceStream = pieceStream(this.#read(range, () => stream.reusesMemory));
    return stream;
  }

  async *#read(range: ByteRange, reusesMemory: () => boolean): AsyncGenerator<Buffer> {
    this.#readers += 1;
    const read = { at: range.from, isLent: true };
    try {
      yield* this.#readPieces(range, read);
      // The consumer is done with a piece when it requests the next; not if it has left.
      read.isLent = !reusesMemory();
    } finally {
      this.#readers -= 1;
      this.#isLent ||= read.isLent;
      this.#free();
    }
    if (read.at < range.to) yield* await this.#reopen({ from: read.at, to: range.to });
  }

  /** Ends before the range does if the part is released. */
  async *#readPieces({ to }: ByteRange, read: { at: number }): AsyncGenerator<Buffer> {
    // Only the end of a part is held back, so that of one that is wrong nothing else may be read to its end.
    if (to < this.size) await this.finished();
    const next = { piece: 0, start: 0 };
    while (read.at < to && this.#state !== 'released') {
      if (this.#state === 'failed') throw this.#failure;
      const piece = this.#pieces[next.piece];
      if (piece === undefined) await this.#grown.promise;
      else if (read.at >= next.start + piece.length) {
        next.piece += 1;
        next.start += piece.length;
      } else {
        const bytes = piece.subarray(read.at - next.start, to - next.start);
        read.at += bytes.length;
        yield bytes;
      }
    }
  }

  /** Left to the garbage collector, pieces would be most of the server's memory. */
  #free(): void {
    if (this.#readers > 0 || this.#isLent) return;
    for (const piece of this.#released) freeNow(piece);
    this.#released = [];
  }

  #change(state: State): void {
    this.#state = state;
    this.#grown.resolve();
    this.#grown = Promise.withResolvers();
  }
}
