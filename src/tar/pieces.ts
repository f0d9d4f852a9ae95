/**
 * Batches the many small buffers of a tar stream into pieces of one size, so that consumers that hash,
 * compress or write are called rarely.
 */
import { asBuffer } from '../base/bytes.ts';

/** Small, because dead pieces wait for the collector (docs/decisions/0021-small-young-generation.md). */
export const TAR_PIECE_BYTES: number = 128 * 1024;
const LARGE_BYTES = 64 * 1024;

export class Pieces {
  #current = Buffer.allocUnsafeSlow(TAR_PIECE_BYTES);
  #filled = 0;
  #full: Buffer[] = [];
  #written = 0;

  /** Bytes written so far. */
  get written(): number {
    return this.#written;
  }

  /** Copies small buffers. A large one becomes a piece itself and must not change afterwards. */
  write(bytes: Uint8Array): void {
    this.#written += bytes.length;
    if (bytes.length >= LARGE_BYTES) this.#pass(bytes);
    else this.#copy(bytes);
  }

  #copy(bytes: Uint8Array): void {
    for (let from = 0; from < bytes.length; ) {
      const count = Math.min(bytes.length - from, this.#current.length - this.#filled);
      this.#current.set(count === bytes.length ? bytes : bytes.subarray(from, from + count), this.#filled);
      this.#filled += count;
      from += count;
      if (this.#filled === this.#current.length) this.#next();
    }
  }

  writeAll(buffers: readonly Uint8Array[]): void {
    for (const bytes of buffers) this.write(bytes);
  }

  /** The full pieces; the caller owns them. */
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

  #pass(bytes: Uint8Array): void {
    if (this.#filled > 0) {
      this.#full.push(this.#current.subarray(0, this.#filled));
      this.#current = this.#current.subarray(this.#filled);
      this.#filled = 0;
    }
    this.#full.push(asBuffer(bytes));
  }

  #next(): void {
    this.#full.push(this.#current);
    this.#current = Buffer.allocUnsafeSlow(TAR_PIECE_BYTES);
    this.#filled = 0;
  }
}

const NONE: readonly Buffer[] = [];
