/**
 * Gathers the many small buffers of a tar stream into pieces of one size, so that whoever hashes, compresses
 * or writes the stream is called seldom.
 */
export const PIECE_BYTES: number = 512 * 1024;

export class Pieces {
  #current = Buffer.allocUnsafeSlow(PIECE_BYTES);
  #filled = 0;
  #full: Buffer[] = [];

  /** Copies the bytes. */
  write(bytes: Uint8Array): void {
    for (let from = 0; from < bytes.length; ) {
      const count = Math.min(bytes.length - from, PIECE_BYTES - this.#filled);
      this.#current.set(count === bytes.length ? bytes : bytes.subarray(from, from + count), this.#filled);
      this.#filled += count;
      from += count;
      if (this.#filled === PIECE_BYTES) this.#next();
    }
  }

  writeAll(buffers: readonly Uint8Array[]): void {
    for (const bytes of buffers) this.write(bytes);
  }

  /** The pieces that are full; the caller keeps them. */
  takeFull(): readonly Buffer[] {
    if (this.#full.length === 0) return NONE;
    const full = this.#full;
    this.#full = [];
    return full;
  }

  /** The last piece, of any size. */
  takeRest(): readonly Buffer[] {
    return [...this.takeFull(), this.#current.subarray(0, this.#filled)].filter((piece) => piece.length > 0);
  }

  #next(): void {
    this.#full.push(this.#current);
    this.#current = Buffer.allocUnsafeSlow(PIECE_BYTES);
    this.#filled = 0;
  }
}

const NONE: readonly Buffer[] = [];
