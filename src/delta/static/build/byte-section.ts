/** Bytes that are appended to one buffer, which grows. Memory that is not written to yet costs nothing. */
import { freeNow, mappedBuffer } from '../../../base/bytes.ts';

const LEAST_BYTES = 64 * 1024;

export class ByteSection {
  #memory: Buffer;
  #length = 0;

  /** `capacity`: bytes expected at most. */
  constructor(capacity: number) {
    this.#memory = mappedBuffer(Math.max(capacity, LEAST_BYTES));
  }

  get length(): number {
    return this.#length;
  }

  /** What was appended, until the next call of another method. */
  get bytes(): Buffer {
    return this.#memory.subarray(0, this.#length);
  }

  /** Appends the bytes; returns where they start. */
  append(bytes: Uint8Array): number {
    const start = this.#length;
    this.reserve(bytes.length).set(bytes);
    this.advance(bytes.length);
    return start;
  }

  /** Memory for at least `size` more bytes, of which {@link advance} appends the first. */
  reserve(size: number): Buffer {
    if (this.#length + size > this.#memory.length) this.#grow(this.#length + size);
    return this.#memory.subarray(this.#length);
  }

  advance(size: number): void {
    this.#length += size;
  }

  free(): void {
    freeNow(this.#memory);
    this.#length = 0;
  }

  #grow(least: number): void {
    const larger = mappedBuffer(Math.max(least, Math.ceil(this.#memory.length * 1.5)));
    larger.set(this.bytes);
    freeNow(this.#memory);
    this.#memory = larger;
  }
}
