/** Collects the entries of an index (id-index.ts) and sorts them. Memory: 48 bytes for each. */
import { toHex } from '../base/bytes.ts';
import { TreeportError } from '../base/errors.ts';
import { CHECKSUM_BYTES, type Checksum } from '../ostree/checksum.ts';
import { bucketOf, ENTRY_BYTES, emptyFanOut, FIRST_AT, SECOND_AT } from './id-index.ts';

const MAX_ENTRIES = 0xffff_ffff;
const FIRST_ROOM = 1024;

export class IdTable {
  count = 0;
  #bytes = Buffer.alloc(FIRST_ROOM * ENTRY_BYTES);

  add(checksum: Checksum, first: number, second: number): void {
    if (this.count === MAX_ENTRIES) throw new TreeportError('ERR_INTERNAL', 'too many content objects');
    const at = this.count * ENTRY_BYTES;
    if (at === this.#bytes.length) this.#bytes = Buffer.concat([this.#bytes], 2 * at);
    this.#bytes.write(checksum, at, 'hex');
    this.#bytes.writeBigUInt64BE(BigInt(first), at + FIRST_AT);
    this.#bytes.writeBigUInt64BE(BigInt(second), at + SECOND_AT);
    this.count += 1;
  }

  sort(): { readonly fanOut: Uint32Array; readonly sorted: Iterable<Buffer> } {
    const order = this.#order();
    const fanOut = emptyFanOut();
    for (const entry of order) {
      const bucket = bucketOf(this.#bytes, entry * ENTRY_BYTES);
      fanOut[bucket] = (fanOut[bucket] as number) + 1;
    }
    for (let bucket = 1; bucket < fanOut.length; bucket++) {
      fanOut[bucket] = (fanOut[bucket] as number) + (fanOut[bucket - 1] as number);
    }
    return { fanOut, sorted: this.#inOrder(order) };
  }

  /** Entry numbers by ascending id; the first 6 bytes of the ids nearly always decide the order. */
  #order(): Uint32Array {
    const keys = new Float64Array(this.count);
    for (let i = 0; i < this.count; i++) keys[i] = this.#bytes.readUIntBE(i * ENTRY_BYTES, 6);
    const order = new Uint32Array(this.count).map((_, i) => i);
    return order.sort((a, b) => (keys[a] as number) - (keys[b] as number) || this.#compare(a, b));
  }

  #compare(a: number, b: number): number {
    return Buffer.compare(this.#id(a), this.#id(b));
  }

  #id(entry: number): Buffer {
    const at = entry * ENTRY_BYTES;
    return this.#bytes.subarray(at, at + CHECKSUM_BYTES);
  }

  *#inOrder(order: Uint32Array): Generator<Buffer> {
    let previous: Buffer | undefined;
    for (const entry of order) {
      const id = this.#id(entry);
      if (previous?.equals(id))
        throw new TreeportError('ERR_INTERNAL', `the object ${toHex(id)} was given twice`);
      previous = id;
      const at = entry * ENTRY_BYTES;
      yield this.#bytes.subarray(at, at + ENTRY_BYTES);
    }
  }
}
