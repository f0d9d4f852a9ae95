/**
 * Headers of rpm packages, as the rpm database stores them: numbers big-endian, no magic,
 *
 *     u32 il · u32 dl · il × { i32 tag, u32 type, i32 offset, u32 count } · dl data bytes
 *
 * Source: rpm's lib/header.c. Entries come in any order; those that installing added follow the immutable
 * region. Each value is checked against the data's bounds when it is read; a fault is ERR_PACKAGE_DATABASE.
 */
import { TreeportError } from '../../base/errors.ts';

const INT8 = 2;
const CHAR = 1;
const INT16 = 3;
const INT32 = 4;
const INT64 = 5;
const STRING = 6;
const STRING_ARRAY = 8;
const I18NSTRING = 9;
const NUMBER_BYTES: ReadonlyMap<number, number> = new Map([
  [CHAR, 1],
  [INT8, 1],
  [INT16, 2],
  [INT32, 4],
  [INT64, 8],
]);

const PREFIX_BYTES = 8;
const ENTRY_BYTES = 16;
/** rpm's own limit. */
const MAX_ENTRIES = 65_535;
/** Of one tag. A header of 64 MiB could hold as many strings otherwise; real packages have 100,000 files. */
const MAX_VALUES = 2 ** 20;

type Entry = { readonly type: number; readonly offset: number; readonly count: number };

export class RpmHeader {
  readonly #entries = new Map<number, Entry>();
  readonly #data: Buffer;

  /** Keeps `blob`, and copies what is read from it. */
  constructor(blob: Buffer) {
    if (blob.length < PREFIX_BYTES) throw headerFault('it is cut off');
    const entries = blob.readUInt32BE(0);
    const start = PREFIX_BYTES + ENTRY_BYTES * entries;
    if (entries > MAX_ENTRIES || start + blob.readUInt32BE(4) !== blob.length)
      throw headerFault('its length does not fit its index');
    for (let at = PREFIX_BYTES; at < start; at += ENTRY_BYTES) {
      const tag = blob.readInt32BE(at);
      if (this.#entries.has(tag)) continue;
      this.#entries.set(tag, {
        type: blob.readUInt32BE(at + 4),
        offset: blob.readInt32BE(at + 8),
        count: blob.readUInt32BE(at + 12),
      });
    }
    this.#data = blob.subarray(start);
  }

  /** The first string of the tag. */
  string(tag: number): string | undefined {
    return this.#strings(tag, 1)[0];
  }

  /** The strings of the tag; none if it is absent. */
  strings(tag: number): readonly string[] {
    return this.#strings(tag, Number.POSITIVE_INFINITY);
  }

  /** The first number of the tag. */
  number(tag: number): number | undefined {
    return this.#numbers(tag, 1)[0];
  }

  /** The numbers of the tag; none if it is absent. 8 bytes are unsigned, as are 2 and 4. */
  numbers(tag: number): readonly number[] {
    return this.#numbers(tag, Number.POSITIVE_INFINITY);
  }

  #strings(tag: number, most: number): readonly string[] {
    const entry = this.#entries.get(tag);
    if (entry === undefined) return [];
    const { type, offset, count } = entry;
    if (type !== STRING && type !== STRING_ARRAY && type !== I18NSTRING)
      throw headerFault(`its tag ${tag} is no string`);
    const strings: string[] = [];
    const at = { position: offset };
    const wanted = wantedOf(tag, count, most);
    while (strings.length < wanted) {
      const end = at.position < 0 ? -1 : this.#data.indexOf(0, at.position);
      if (end < 0) throw headerFault(`its tag ${tag} is cut off`);
      strings.push(this.#data.toString('utf8', at.position, end));
      at.position = end + 1;
    }
    return strings;
  }

  #numbers(tag: number, most: number): readonly number[] {
    const entry = this.#entries.get(tag);
    if (entry === undefined) return [];
    const { type, offset, count } = entry;
    const width = NUMBER_BYTES.get(type);
    if (width === undefined) throw headerFault(`its tag ${tag} is no number`);
    if (offset < 0 || offset + width * count > this.#data.length)
      throw headerFault(`its tag ${tag} is cut off`);
    const numbers: number[] = [];
    const wanted = wantedOf(tag, count, most);
    for (let index = 0; index < wanted; index++) numbers.push(this.#number(offset + width * index, width));
    return numbers;
  }

  #number(at: number, width: number): number {
    return width === 8 ? Number(this.#data.readBigUInt64BE(at)) : this.#data.readUIntBE(at, width);
  }
}

function wantedOf(tag: number, count: number, most: number): number {
  const wanted = Math.min(count, most);
  if (wanted > MAX_VALUES) throw headerFault(`its tag ${tag} has ${count} values, more than ${MAX_VALUES}`);
  return wanted;
}

/** `what` follows `an rpm header is damaged: `. */
export function headerFault(what: string): TreeportError {
  return new TreeportError('ERR_PACKAGE_DATABASE', `an rpm header is damaged: ${what}`);
}
