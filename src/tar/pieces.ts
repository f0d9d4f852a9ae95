/**
 * Batches the many small buffers of a tar stream into pieces, so that consumers that hash, compress or write
 * are called rarely. Beside its bytes a piece has the checks of the objects in it (piece-checks.ts).
 */
import type { Checksum } from '../ostree/checksum.ts';
import type { LaterRead } from './later-reads.ts';
import { type CheckedPiece, CheckList } from './piece-checks.ts';
import { newPieces, type PieceMemory } from './piece-memory.ts';

export class Pieces {
  readonly #memory: PieceMemory;
  #current: Buffer;
  #filled = 0;
  #checks = new CheckList();
  #full: CheckedPiece[] = [];
  #written = 0;

  constructor(memory: PieceMemory = newPieces) {
    this.#memory = memory;
    this.#current = memory.take();
  }

  /** Bytes written so far. */
  get written(): number {
    return this.#written;
  }

  /** Copies the bytes. */
  write(bytes: Uint8Array): void {
    if (bytes.length <= this.#current.length - this.#filled) {
      this.#current.set(bytes, this.#filled);
      this.advance(bytes.length);
      return;
    }
    for (let from = 0; from < bytes.length; ) {
      const room = this.room();
      const count = Math.min(bytes.length - from, room.length);
      room.set(bytes.subarray(from, from + count));
      this.advance(count);
      from += count;
    }
  }

  /** The free part of the current piece, at least one byte: {@link advance} takes what was written there. */
  room(): Buffer {
    if (this.#filled === this.#current.length) this.#next();
    return this.#current.subarray(this.#filled);
  }

  advance(count: number): void {
    this.#filled += count;
    this.#written += count;
  }

  /**
   * The bytes from here on are those of an object, whose id also covers `prefix`. With `later` they are read
   * from its file when the piece is verified.
   */
  beginObject(prefix: Uint8Array, later?: LaterRead): void {
    if (this.#filled === this.#current.length) this.#next();
    this.#checks.begin(this.#filled, prefix, later);
  }

  endObject(checksum: Checksum): void {
    this.#checks.end(this.#filled, checksum);
  }

  /** The full pieces; the caller owns them. */
  takeFull(): readonly CheckedPiece[] {
    if (this.#full.length === 0) return NONE;
    const full = this.#full;
    this.#full = [];
    return full;
  }

  /** The full pieces and the last, of any size. */
  takeRest(): readonly CheckedPiece[] {
    const last = { bytes: this.#current.subarray(0, this.#filled), checks: this.#checks.take(this.#filled) };
    return [...this.takeFull(), ...(last.bytes.length > 0 ? [last] : [])];
  }

  #next(): void {
    this.#full.push({ bytes: this.#current, checks: this.#checks.take(this.#filled) });
    this.#current = this.#memory.take();
    this.#filled = 0;
  }
}

const NONE: readonly CheckedPiece[] = [];
