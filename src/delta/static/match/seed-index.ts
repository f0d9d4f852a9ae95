/**
 * An index of an old file by hashes of short runs of its bytes ("seeds"), direct-mapped: each slot has the
 * last offset whose seed has this hash. Lookups may miss, and are verified by the caller. The memory is
 * reused from file to file.
 */
import { viewOf } from './equal-bytes.ts';

/** Bytes of a seed: three words. */
export const SEED_BYTES = 12;
const MAX_SLOT_BITS = 24;
const MIN_SLOT_BITS = 8;
/** The last number, which no indexed offset but that of the largest files has. */
const EMPTY = -1;

export class SeedIndex {
  /** The number of the indexed offset, above the low byte of its hash, which spares most needless reads. */
  #slots = new Int32Array(1 << MIN_SLOT_BITS);
  #shift = 32 - MIN_SLOT_BITS;
  #stride = 1;

  /** Indexes every `step`-th offset, or fewer of a very large file. */
  build(file: Uint8Array, step: number): void {
    const old = viewOf(file);
    const seeds = Math.floor(old.byteLength / step);
    const bits = Math.min(Math.max(Math.ceil(Math.log2(seeds + 1)), MIN_SLOT_BITS), MAX_SLOT_BITS);
    this.#clear(bits);
    const stride = Math.max(step, Math.ceil(old.byteLength / 2 ** MAX_SLOT_BITS));
    this.#stride = stride;
    const [slots, shift] = [this.#slots, this.#shift];
    const end = old.byteLength - SEED_BYTES;
    let before = -1;
    for (let offset = 0, number = 0; offset <= end; offset += stride, number++) {
      const hash = seedHash(old, offset);
      const slot = hash >>> shift;
      // In a run of equal bytes the first seed is the one to find.
      if (slot !== before) slots[slot] = (number << 8) | (hash & 0xff);
      before = slot;
    }
  }

  /** Where the old file may have the seed at `offset` of `bytes`; negative or behind its end if nowhere. */
  find(bytes: DataView, offset: number): number {
    const hash = seedHash(bytes, offset);
    const entry = this.#slots[hash >>> this.#shift] as number;
    return (entry & 0xff) === (hash & 0xff) ? (entry >>> 8) * this.#stride : -1;
  }

  #clear(bits: number): void {
    if (this.#slots.length < 2 ** bits) this.#slots = new Int32Array(2 ** bits);
    this.#slots.fill(EMPTY, 0, 2 ** bits);
    this.#shift = 32 - bits;
  }
}

function seedHash(bytes: DataView, offset: number): number {
  const first = Math.imul(bytes.getInt32(offset, true), 0x9e37_79b1);
  const second = Math.imul(bytes.getInt32(offset + 4, true), 0x85eb_ca77);
  const third = Math.imul(bytes.getInt32(offset + 8, true), 0xc2b2_ae3d);
  const mixed = Math.imul(first ^ (first >>> 15) ^ second ^ ((third << 13) | (third >>> 19)), 0x27d4_eb2f);
  return mixed ^ (mixed >>> 15);
}
