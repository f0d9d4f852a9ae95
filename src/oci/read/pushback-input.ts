/** A byte stream with lookahead: bytes can be peeked at, skipped and pushed back. */

const EMPTY = Buffer.alloc(0);

export class PushbackInput {
  readonly #source: AsyncIterator<Buffer>;
  #pending: Buffer = EMPTY;

  constructor(source: AsyncIterable<Buffer>) {
    this.#source = source[Symbol.asyncIterator]();
  }

  /** The next bytes, never empty; undefined at the end. */
  async next(): Promise<Buffer | undefined> {
    const pending = this.#pending;
    this.#pending = EMPTY;
    if (pending.length > 0) return pending;
    for (;;) {
      const { done, value } = await this.#source.next();
      if (done) return undefined;
      if (value.length > 0) return value;
    }
  }

  unread(bytes: Buffer): void {
    this.#pending = this.#pending.length === 0 ? bytes : Buffer.concat([bytes, this.#pending]);
  }

  /** The next bytes without taking them: `count`, or fewer at the end. */
  async peek(count: number): Promise<Buffer> {
    while (this.#pending.length < count) {
      const { done, value } = await this.#source.next();
      if (done) break;
      this.#pending = this.#pending.length === 0 ? value : Buffer.concat([this.#pending, value]);
    }
    return this.#pending.subarray(0, count);
  }

  /** Like `peek`, but only of buffered bytes: fewer than `count` bytes do not mean the end. */
  peekNow(count: number): Buffer {
    return this.#pending.subarray(0, count);
  }

  /** Skips buffered bytes; returns false and does nothing if fewer than `count` are buffered. */
  skipNow(count: number): boolean {
    if (this.#pending.length < count) return false;
    this.#pending = this.#pending.subarray(count);
    return true;
  }

  /** Skips bytes; false if the stream ends first. */
  async skip(count: number): Promise<boolean> {
    for (let missing = count; missing > 0; ) {
      const piece = await this.next();
      if (piece === undefined) return false;
      if (piece.length > missing) this.unread(piece.subarray(missing));
      missing -= Math.min(piece.length, missing);
    }
    return true;
  }

  async close(): Promise<void> {
    await this.#source.return?.();
  }
}
