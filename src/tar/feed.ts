/**
 * Feeds a tar stream into tar-stream's extractor, and knows afterwards whether it was whole.
 */
import type { Extract } from 'tar-stream';
import { isTreeportError, messageOf, TreeportError } from '../base/errors.ts';
import { BLOCK_BYTES } from './header.ts';

export class TarFeed {
  readonly #extract: Extract;
  #bytes = 0;
  #lastBlock: Buffer = Buffer.alloc(0);
  /** Where the last entry ends, in bytes from the start. */
  #entryEnd = 0;
  #failed = false;
  #failure: unknown;

  constructor(extract: Extract) {
    this.#extract = extract;
  }

  /** Feeds until the stream ends or fails or the extractor is closed. Never rejects. */
  async run(tar: AsyncIterable<Uint8Array>): Promise<void> {
    try {
      for await (const piece of tar) {
        if (this.#extract.destroyed) return;
        this.#note(piece);
        if (piece.length > 0 && !this.#extract.write(piece)) await drained(this.#extract);
      }
      this.#extract.end(null);
    } catch (error) {
      this.#failed = true;
      this.#failure = error;
      this.#extract.destroy(error instanceof Error ? error : new Error(messageOf(error)));
    }
  }

  /** Notes that an entry's data lies at `offset`. */
  entryAt(offset: number, size: number): void {
    this.#entryEnd = offset + Math.ceil(size / BLOCK_BYTES) * BLOCK_BYTES;
  }

  /** Throws unless zeros follow the last entry. */
  checkEnd(): void {
    const whole = this.#bytes >= this.#entryEnd + BLOCK_BYTES && this.#lastBlock.every((byte) => byte === 0);
    if (!whole) throw new TreeportError('ERR_TAR', 'the tar stream is cut off: it has no end of archive');
  }

  /** What an error met while reading is called: the fed stream's own error, or a fault of the format. */
  fault(error: unknown): unknown {
    if (this.#failed) return this.#failure;
    if (isTreeportError(error)) return error;
    return new TreeportError('ERR_TAR', `the tar stream is malformed or cut off: ${messageOf(error)}`, {
      cause: error,
    });
  }

  #note(piece: Uint8Array): void {
    this.#bytes += piece.length;
    const tail = piece.length < BLOCK_BYTES ? Buffer.concat([this.#lastBlock, piece]) : piece;
    this.#lastBlock = Buffer.from(tail.subarray(-BLOCK_BYTES));
  }
}

/** Waits until the extractor takes more, or is closed. */
async function drained(extract: Extract): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  extract.once('drain', resolve).once('close', resolve);
  if (!extract.destroyed) await promise;
  extract.off('drain', resolve).off('close', resolve);
}
