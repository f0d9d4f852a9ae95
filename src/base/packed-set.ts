/**
 * A set of byte strings of equal length, numbered in the order in which they were added. Each takes its
 * bytes and some ten more. A Set of strings takes three times as much, and its strings make V8's young
 * generation grow. The hash is seeded, so that untrusted keys cannot be chosen to collide.
 */
import { randomFillSync } from 'node:crypto';

const WORD_BYTES = 4;
const MAX_WORDS = 32;
const FIRST_SLOTS = 16;
const SEEDS = randomFillSync(new Int32Array(MAX_WORDS + 1));

export class PackedSet {
  readonly #words: number;
  /** The key that is looked for. */
  readonly #wanted: Int32Array;
  readonly #wantedBytes: Uint8Array;
  #keys: Int32Array;
  /** Open addressing: the number of a key plus one; 0 is free. At most half of them are in use. */
  #slots = new Uint32Array(FIRST_SLOTS);
  #size = 0;

  /** `keyBytes` is a multiple of 4, and at most 128. */
  constructor(keyBytes: number) {
    this.#words = keyBytes / WORD_BYTES;
    this.#wanted = new Int32Array(this.#words);
    this.#wantedBytes = new Uint8Array(this.#wanted.buffer);
    this.#keys = new Int32Array((FIRST_SLOTS / 2) * this.#words);
  }

  get size(): number {
    return this.#size;
  }

  has(key: Uint8Array): boolean {
    this.#wantedBytes.set(key);
    return this.#slots[this.#slotOf(this.#wanted, 0)] !== 0;
  }

  /** Adds the key unless it is there; returns its number. */
  add(key: Uint8Array): number {
    this.#wantedBytes.set(key);
    const slot = this.#slotOf(this.#wanted, 0);
    const known = this.#slots[slot] as number;
    if (known !== 0) return known - 1;
    this.#keys.set(this.#wanted, this.#size * this.#words);
    this.#size += 1;
    this.#slots[slot] = this.#size;
    if (this.#size * 2 >= this.#slots.length) this.#grow();
    return this.#size - 1;
  }

  /** The key with this number; a view. */
  at(index: number): Buffer {
    const bytes = this.#words * WORD_BYTES;
    return Buffer.from(this.#keys.buffer as ArrayBuffer, index * bytes, bytes);
  }

  /** The slot of the key at a position of `words`, or the free one where it belongs. */
  #slotOf(words: Int32Array, start: number): number {
    const mask = this.#slots.length - 1;
    let slot = this.#hash(words, start) & mask;
    for (;;) {
      const number = this.#slots[slot] as number;
      if (number === 0 || this.#isAt(number - 1, words, start)) return slot;
      slot = (slot + 1) & mask;
    }
  }

  #hash(words: Int32Array, start: number): number {
    let hash = SEEDS[MAX_WORDS] as number;
    for (let at = 0; at < this.#words; at++) {
      hash = Math.imul(hash ^ (words[start + at] as number), (SEEDS[at] as number) | 1);
      hash ^= hash >>> 15;
    }
    return hash;
  }

  #isAt(index: number, words: Int32Array, start: number): boolean {
    const from = index * this.#words;
    for (let at = 0; at < this.#words; at++) {
      if (this.#keys[from + at] !== words[start + at]) return false;
    }
    return true;
  }

  #grow(): void {
    const keys = new Int32Array(2 * this.#keys.length);
    keys.set(this.#keys);
    this.#keys = keys;
    this.#slots = new Uint32Array(2 * this.#slots.length);
    for (let index = 0; index < this.#size; index++)
      this.#slots[this.#slotOf(keys, index * this.#words)] = index + 1;
  }
}
