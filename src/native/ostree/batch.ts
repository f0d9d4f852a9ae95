/**
 * Objects on their way to a write thread, packed one after another into a block of shared memory, since a hop between
 * threads costs as much as writing a small object. Several producers may fill their places at once.
 */
import type { Checksum } from '../../ostree/checksum.ts';
import type { PackedObject } from './write-threads.ts';

const MAX_OBJECTS = 64;
/** A batch with this many bytes is full: more would only keep the other threads waiting. */
const FULL_BYTES = 1024 * 1024;

export type Place = {
  readonly memory: Uint8Array;
  /** Must be called once: whether the object is there in full, or will never be. */
  readonly done: (isThere: boolean) => void;
};

export class Batch {
  readonly memory: Uint8Array;
  readonly #objects: PackedObject[] = [];
  readonly #filled: Promise<void>[] = [];
  #length = 0;

  constructor(memory: Uint8Array) {
    this.memory = memory;
  }

  /** A place for an object of `length` bytes; undefined if there is no room left for it. */
  reserve(type: PackedObject['type'], checksum: Checksum, length: number): Place | undefined {
    const isFull = this.#filled.length >= MAX_OBJECTS || this.#length >= FULL_BYTES;
    const start = this.#length;
    if (isFull || start + length > this.memory.length) return undefined;
    this.#length += length;
    const filled = Promise.withResolvers<void>();
    this.#filled.push(filled.promise);
    const done = (isThere: boolean) => {
      if (isThere) this.#objects.push({ type, checksum, start, length });
      filled.resolve();
    };
    return { memory: this.memory.subarray(start, start + length), done };
  }

  /** The objects, once each place is done with. */
  async objects(): Promise<readonly PackedObject[]> {
    await Promise.all(this.#filled);
    return this.#objects;
  }
}
