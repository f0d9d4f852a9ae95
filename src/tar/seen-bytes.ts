/**
 * The last bytes of a stream, by their position: what another reader of the same stream did not keep. Memory
 * holds what was not forgotten.
 */
import { asBuffer } from '../base/bytes.ts';

type Piece = { readonly start: number; readonly bytes: Buffer };

export class SeenBytes {
  readonly #pieces: Piece[] = [];
  #end = 0;

  /** Bytes of the stream so far. */
  get end(): number {
    return this.#end;
  }

  push(bytes: Uint8Array): void {
    this.#pieces.push({ start: this.#end, bytes: asBuffer(bytes) });
    this.#end += bytes.length;
  }

  /** The bytes from `from` up to `to`, which are seen and not forgotten. */
  slice(from: number, to: number): Buffer {
    const parts = this.#pieces
      .filter(({ start, bytes }) => start < to && start + bytes.length > from)
      .map(({ start, bytes }) => bytes.subarray(Math.max(0, from - start), to - start));
    return parts.length === 1 ? (parts[0] as Buffer) : Buffer.concat(parts);
  }

  /** Drops pieces that end before this position. */
  forget(before: number): void {
    const kept = this.#pieces.findIndex(({ start, bytes }) => start + bytes.length > before);
    this.#pieces.splice(0, kept < 0 ? this.#pieces.length : kept);
  }
}
