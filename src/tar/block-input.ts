/**
 * Reads a tar stream in the amounts asked for. Bytes within one piece of the stream are returned without
 * copying and without waiting. They last as long as the piece, which may be until the next is requested.
 */
import { asBuffer } from '../base/bytes.ts';
import { TreeportError } from '../base/errors.ts';

const EMPTY = Buffer.alloc(0);

export class BlockInput {
  readonly #source: AsyncIterator<Uint8Array>;
  #piece: Buffer = EMPTY;
  #at = 0;
  /** Bytes of the stream before the piece. */
  #before = 0;

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#source = source[Symbol.asyncIterator]();
  }

  /** Bytes of the stream that were returned or skipped. */
  get position(): number {
    return this.#before + this.#at;
  }

  /** The next `length` bytes if they are buffered. */
  takeNow(length: number): Buffer | undefined {
    const end = this.#at + length;
    if (end > this.#piece.length) return undefined;
    const bytes = this.#piece.subarray(this.#at, end);
    this.#at = end;
    return bytes;
  }

  /** The next `length` bytes; ERR_TAR if the stream ends before. */
  async take(length: number): Promise<Buffer> {
    const whole = this.takeNow(length);
    if (whole !== undefined) return whole;
    const bytes = Buffer.allocUnsafe(length);
    for (let filled = 0; filled < length; ) {
      const part = this.someNow(length - filled) ?? (await this.some(length - filled));
      if (part === undefined) throw cutOff();
      bytes.set(part, filled);
      filled += part.length;
    }
    return bytes;
  }

  /** Some bytes, at most `length`, if any are buffered. */
  someNow(length: number): Buffer | undefined {
    const count = Math.min(length, this.#piece.length - this.#at);
    return count === 0 ? undefined : this.takeNow(count);
  }

  /** Some bytes, at most `length`; undefined at the end of the stream. */
  async some(length: number): Promise<Buffer | undefined> {
    while (this.#at === this.#piece.length) {
      this.#before += this.#at;
      this.#piece = EMPTY;
      this.#at = 0;
      const { done, value } = await this.#source.next();
      if (done) return undefined;
      this.#piece = asBuffer(value);
    }
    return this.someNow(length);
  }

  /** Skips buffered bytes; false if there are too few, then call `skip`. */
  skipNow(length: number): boolean {
    if (this.#at + length > this.#piece.length) return false;
    this.#at += length;
    return true;
  }

  async skip(length: number): Promise<void> {
    for (let missing = length; missing > 0; ) {
      const part = await this.some(missing);
      if (part === undefined) throw cutOff();
      missing -= part.length;
    }
  }

  /** Closes the stream. */
  async close(): Promise<void> {
    await this.#source.return?.();
  }
}

export function cutOff(): TreeportError {
  return new TreeportError('ERR_TAR', 'the tar stream is cut off: the end of archive is missing');
}
