/**
 * A file that is read while it is written: the first request for a large object starts it, every reader
 * follows it from the first byte, and when it is complete it becomes the cached object. Writing neither waits
 * for readers nor stops when they leave.
 *
 * If the *source* fails, so do all readers. If the *disk* fails, each reader reopens the source and skips the
 * bytes it has had; so a source must give the same bytes every time it is opened.
 */
import { type FileHandle, open } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { PIECE_BYTES, pieceStream } from '../http/piece-stream.ts';
import { type OpenSource, skipBytes } from './shared-stream.ts';

type Outcome =
  | { readonly kind: 'complete' }
  | { readonly kind: 'source failed'; readonly error: unknown }
  | { readonly kind: 'disk failed'; readonly error: unknown };

export class TailedFile {
  readonly path: string;
  readonly #file: FileHandle;
  readonly #open: OpenSource;
  #size = 0;
  #outcome: Outcome | undefined;
  #grown = Promise.withResolvers<void>();
  /** Readers, and the writer. */
  #users = 1;

  private constructor(path: string, file: FileHandle, source: OpenSource) {
    this.path = path;
    this.#file = file;
    this.#open = source;
  }

  /** Creates the file, which must not exist; rejects with the system's error. */
  static async create(path: string, source: OpenSource): Promise<TailedFile> {
    return new TailedFile(path, await open(path, 'wx+', 0o644), source);
  }

  /** Bytes written so far. */
  get size(): number {
    return this.#size;
  }

  /** Writes the source to the file; does not reject. Call {@link release} when no more readers may join. */
  async fill(): Promise<Outcome> {
    const outcome = await this.#copy();
    this.#outcome = outcome;
    this.#grown.resolve();
    return outcome;
  }

  /** A stream of the whole content; only valid before the writer has called {@link release}. */
  join(): Readable {
    this.#users += 1;
    const stream = pieceStream(this.#read());
    stream.once('close', () => this.release());
    return stream;
  }

  /** Releases the file for the writer or one reader; the last release closes it. */
  release(): void {
    this.#users -= 1;
    if (this.#users === 0) void this.#file.close().catch(() => {});
  }

  async #copy(): Promise<Outcome> {
    const source = this.#open();
    try {
      for (;;) {
        const next = await source.next();
        if (next.done === true) return { kind: 'complete' };
        const failure = await this.#append(next.value);
        if (failure !== undefined) {
          await source.return(undefined);
          return failure;
        }
      }
    } catch (error) {
      return { kind: 'source failed', error };
    }
  }

  async #append(piece: Buffer): Promise<Outcome | undefined> {
    try {
      for (let done = 0; done < piece.length; ) {
        done += (await this.#file.write(piece, done, piece.length - done, this.#size + done)).bytesWritten;
      }
    } catch (error) {
      return { kind: 'disk failed', error };
    }
    this.#size += piece.length;
    this.#grown.resolve();
    this.#grown = Promise.withResolvers();
    return undefined;
  }

  async *#read(): AsyncGenerator<Buffer> {
    let position = 0;
    for (;;) {
      // Read before the size, so that no growth is missed in between.
      const grown = this.#grown.promise;
      const outcome = this.#outcome;
      if (position < this.#size) {
        const piece = Buffer.allocUnsafeSlow(Math.min(PIECE_BYTES, this.#size - position));
        const { bytesRead } = await this.#file.read(piece, 0, piece.length, position);
        if (bytesRead === 0) throw new Error(`${this.path} was cut short`);
        position += bytesRead;
        yield piece.subarray(0, bytesRead);
      } else if (outcome === undefined) await grown;
      else if (outcome.kind === 'complete') return;
      else if (outcome.kind === 'source failed') throw outcome.error;
      else break;
    }
    yield* skipBytes(this.#open(), position);
  }
}
