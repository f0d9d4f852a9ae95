/**
 * An index of an old file by hashes of short runs of its bytes ("seeds"): each slot has the last offset whose
 * seed has this hash, and each offset the one before it. Tables of machine code repeat themselves, so that
 * the longest of many matches makes patches a tenth smaller than the last. The memory is reused from file to
 * file.
 */
import { freeNow } from '../../../base/bytes.ts';
import { equalBytes, viewOf } from './equal-bytes.ts';

/** Bytes of a seed: three words. */
export const SEED_BYTES = 12;
/** Offsets that are indexed at most. */
const MAX_SEEDS = 2 ** 24;
const MAX_SLOT_BITS = 23;
const MIN_SLOT_BITS = 8;
/** The last number, which no indexed offset but that of the largest files has. */
const EMPTY = -1;
/** A match of this length is taken without looking for a longer one. */
const LONG_ENOUGH = 4096;

export type SeedIndexOptions = {
  /** Offsets of the same hash that a lookup compares at most. */
  readonly candidates: number;
};

/** Where a lookup found the longest match. */
export type FoundSeed = { at: number; length: number };

export class SeedIndex {
  /** The number of the indexed offset, above the low byte of its hash, which spares most needless reads. */
  #slots = new Int32Array(1 << MIN_SLOT_BITS);
  /** By the number of an offset, what its slot had before. */
  #earlier = new Int32Array(0);
  #shift = 32 - MIN_SLOT_BITS;
  #stride = 1;
  #candidates = 1;
  #old: DataView = new DataView(new ArrayBuffer(0));

  /** Indexes every offset, or fewer of a very large file. */
  build(file: Uint8Array, { candidates }: SeedIndexOptions): void {
    const old = viewOf(file);
    const stride = Math.max(1, Math.ceil(old.byteLength / MAX_SEEDS));
    const seeds = Math.ceil(old.byteLength / stride);
    this.#old = old;
    this.#stride = stride;
    this.#candidates = candidates;
    this.#clear(Math.min(Math.max(Math.ceil(Math.log2(seeds + 1)), MIN_SLOT_BITS), MAX_SLOT_BITS));
    const isChained = candidates > 1;
    if (isChained && this.#earlier.length < seeds) {
      freeTable(this.#earlier);
      this.#earlier = new Int32Array(seeds);
    }
    const [slots, earlier, shift] = [this.#slots, this.#earlier, this.#shift];
    const end = old.byteLength - SEED_BYTES;
    let before = -1;
    for (let offset = 0, number = 0; offset <= end; offset += stride, number++) {
      const hash = seedHash(old, offset);
      const slot = hash >>> shift;
      // In a run of equal bytes the first seed is the one to find.
      if (slot === before) continue;
      if (isChained) earlier[number] = slots[slot] as number;
      slots[slot] = (number << 8) | (hash & 0xff);
      before = slot;
    }
  }

  /**
   * Finds the longest match in the old file of what is at `offset` of `bytes`, and of several the one nearest
   * to `diagonal`, the old position minus the new. `found.length` is less than a seed if there is none.
   */
  find(bytes: DataView, offset: number, diagonal: number, found: FoundSeed): void {
    found.length = 0;
    const hash = seedHash(bytes, offset);
    const tag = hash & 0xff;
    let entry = this.#slots[hash >>> this.#shift] as number;
    for (let left = this.#candidates; left > 0 && entry !== EMPTY; left--) {
      if ((entry & 0xff) === tag) {
        const at = (entry >>> 8) * this.#stride;
        const length = equalBytes(this.#old, at, bytes, offset);
        if (
          length > found.length ||
          (length === found.length &&
            Math.abs(at - offset - diagonal) < Math.abs(found.at - offset - diagonal))
        ) {
          found.at = at;
          found.length = length;
          if (length >= LONG_ENOUGH) return;
        }
      }
      if (left > 1) entry = this.#earlier[entry >>> 8] as number;
    }
  }

  /** Frees the memory of the tables; `build` makes others. */
  free(): void {
    freeTable(this.#slots);
    freeTable(this.#earlier);
    this.#slots = new Int32Array(0);
    this.#earlier = new Int32Array(0);
  }

  #clear(bits: number): void {
    if (this.#slots.length < 2 ** bits) {
      freeTable(this.#slots);
      this.#slots = new Int32Array(2 ** bits);
    }
    this.#slots.fill(EMPTY, 0, 2 ** bits);
    this.#shift = 32 - bits;
  }
}

function freeTable({ buffer }: Int32Array): void {
  freeNow(new Uint8Array(buffer));
}

function seedHash(bytes: DataView, offset: number): number {
  const first = Math.imul(bytes.getInt32(offset, true), 0x9e37_79b1);
  const second = Math.imul(bytes.getInt32(offset + 4, true), 0x85eb_ca77);
  const third = Math.imul(bytes.getInt32(offset + 8, true), 0xc2b2_ae3d);
  const mixed = Math.imul(first ^ (first >>> 15) ^ second ^ ((third << 13) | (third >>> 19)), 0x27d4_eb2f);
  return mixed ^ (mixed >>> 15);
}
