/**
 * Objects for a write thread, packed one after another into a block of shared memory, because a hop between
 * threads costs as much as writing a small object. Several producers may fill their places at the same time.
 */
import type { Checksum } from '../../ostree/checksum.ts';
import type { PackedObject } from './write-threads.ts';

const MAX_OBJECTS = 64;
/** A batch of this size is full: a larger one would keep the other threads waiting. */
const FULL_BYTES = 1024 * 1024;

export type BatchedObject = {
  readonly type: PackedObject['type'];
  readonly checksum: Checksum;
};

export type Place = {
  readonly memory: Uint8Array;
  /** Must be called once: with the object that is in the memory now, or without one if filling it failed. */
  readonly done: (object?: BatchedObject) => void;
};

export class Batch {
  readonly memory: Uint8Array;
  readonly #objects: PackedObject[] = [];
  readonly #filled: Promise<void>[] = [];
  #length = 0;

  constructor(memory: Uint8Array) {
    this.memory = memory;
  }

  /** A place for an object of `length` bytes; undefined if it does not fit. */
  reserve(length: number): Place | undefined {
    const isFull = this.#filled.length >= MAX_OBJECTS || this.#length >= FULL_BYTES;
    const start = this.#length;
    if (isFull || start + length > this.memory.length) return undefined;
    this.#length += length;
    const filled = Promise.withResolvers<void>();
    this.#filled.push(filled.promise);
    const done = (object?: BatchedObject) => {
      if (object !== undefined) this.#objects.push({ ...object, start, length });
      filled.resolve();
    };
    return { memory: this.memory.subarray(start, start + length), done };
  }

  /** Resolves when every place is done. */
  async objects(): Promise<readonly PackedObject[]> {
    await Promise.all(this.#filled);
    return this.#objects;
  }
}
