/**
 * Sets of object names as `<checksum>.<type>`. {@link ObjectNames} is one for walks over any number of
 * objects, untrusted ones included.
 */
import { toHex } from '../base/bytes.ts';
import { PackedSet } from '../base/packed-set.ts';
import { CHECKSUM_BYTES } from './checksum.ts';

/** What walks need of a set of names; a Set is one. */
export type NameSet = Iterable<string> & {
  readonly size: number;
  has(name: string): boolean;
  add(name: string): unknown;
};

const TYPES = ['file', 'dirtree', 'dirmeta', 'commit', 'commitmeta', 'tombstone-commit'];
const DIGITS = 2 * CHECKSUM_BYTES;

export class ObjectNames implements NameSet {
  /** Checksum, number of the type, zeros. */
  readonly #names = new PackedSet(CHECKSUM_BYTES + 4);
  readonly #key = Buffer.alloc(CHECKSUM_BYTES + 4);

  get size(): number {
    return this.#names.size;
  }

  has(name: string): boolean {
    return this.#names.has(this.#keyOf(name));
  }

  add(name: string): void {
    this.#names.add(this.#keyOf(name));
  }

  /** In the order in which they were added. */
  *[Symbol.iterator](): Generator<string> {
    for (let index = 0; index < this.size; index++) {
      const key = this.#names.at(index);
      yield `${toHex(key.subarray(0, CHECKSUM_BYTES))}.${TYPES[key[CHECKSUM_BYTES] as number]}`;
    }
  }

  #keyOf(name: string): Buffer {
    this.#key.write(name, 0, CHECKSUM_BYTES, 'hex');
    this.#key[CHECKSUM_BYTES] = TYPES.indexOf(name.slice(DIGITS + 1));
    return this.#key;
  }
}
