/**
 * A lazy view of a serialized variant: get child i, look up a key, decode only what is needed. Untrusted
 * bytes take no more memory than their size. Every step checks bounds; `check` validates all of it, because
 * libostree requires normal form. Errors are ERR_VARIANT naming the outermost type and the byte offset.
 */
import { type Children, childrenOf } from './children.ts';
import { checkBasic, readBasic } from './scalar.ts';
import { type ByteOrder, type Range, Source } from './source.ts';
import { MAX_DEPTH, parseType } from './type.ts';
import type { Value } from './value.ts';

/**
 * Limit of values that `value` decodes, nested ones included. Each takes some 100 bytes of memory, however
 * small.
 */
export const MAX_VALUES: number = 2 ** 18;

/**
 * Limit of values that `check` visits: that many take a few seconds. An array of plain numbers counts as one.
 */
export const MAX_CHECKED: number = 2 ** 22;

export type ViewOptions = {
  /** Byte order of numbers; little-endian unless given. */
  readonly order?: ByteOrder;
};

/** A view of `bytes`, which must be exactly one value of the type. The memory is shared. */
export function view(signature: string, bytes: Uint8Array, options: ViewOptions = {}): View {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const source = new Source(signature, buffer, options.order ?? 'little');
  return new View(source, { type: parseType(signature), start: 0, end: buffer.length }, 0);
}

export class View {
  readonly #source: Source;
  readonly #range: Range;
  /** Number of containers around it. */
  readonly #depth: number;
  #children: Children | undefined;

  constructor(source: Source, range: Range, depth: number) {
    enter(source, range, depth);
    this.#source = source;
    this.#range = range;
    this.#depth = depth;
  }

  /** The type string. */
  get type(): string {
    return this.#range.type.signature;
  }

  /** The serialized value. */
  get bytes(): Buffer {
    return this.#source.bytes.subarray(this.#range.start, this.#range.end);
  }

  /**
   * Number of children: elements of an array, members of a tuple, key and value of an entry, content of a
   * maybe or variant.
   */
  get length(): number {
    return this.#list().count;
  }

  child(index: number): View {
    const children = this.#list();
    if (!(index >= 0 && index < children.count)) throw new RangeError(`no child ${index} in ${this.type}`);
    return new View(this.#source, children.at(index), this.#depth + 1);
  }

  *[Symbol.iterator](): Generator<View> {
    for (let index = 0; index < this.length; index++) yield this.child(index);
  }

  /** The value of the first entry of a dictionary with this key; undefined if there is none. */
  lookup(key: Value): View | undefined {
    for (const entry of this) if (entry.child(0).value() === key) return entry.child(1);
    return undefined;
  }

  /**
   * Decodes all of it; ERR_VARIANT if it holds more than {@link MAX_VALUES}. `ay` members share the memory.
   */
  value(): Value {
    return new Decoder(this.#source).value(this.#range, this.#depth);
  }

  /**
   * Throws ERR_VARIANT unless all of it is in normal form, or if it holds more than {@link MAX_CHECKED}
   * values.
   */
  check(): this {
    new Checker(this.#source).check(this.#range, this.#depth);
    return this;
  }

  #list(): Children {
    this.#children ??= childrenOf(this.#source, this.#range);
    return this.#children;
  }
}

function enter(source: Source, range: Range, depth: number): void {
  source.checkSize(range);
  if (depth > MAX_DEPTH) throw source.fault(range.start, 'values are nested too deeply');
}

/** Types for which any bytes are in normal form. */
const PLAIN = 'ynqiuxth';

/** Counts the values that a walk over a source enters, so that each walk has its limit. */
class Counter {
  readonly #source: Source;
  readonly #limit: string;
  #left: number;

  /** `limit` is that of `left` values in words. */
  constructor(source: Source, left: number, limit: string) {
    this.#source = source;
    this.#left = left;
    this.#limit = limit;
  }

  enter(range: Range, depth: number): void {
    enter(this.#source, range, depth);
    this.#left -= 1;
    if (this.#left < 0) throw this.#source.fault(range.start, `more than ${this.#limit}`);
  }
}

class Checker {
  readonly #source: Source;
  readonly #counter: Counter;

  constructor(source: Source) {
    this.#source = source;
    this.#counter = new Counter(source, MAX_CHECKED, `${MAX_CHECKED} values`);
  }

  check(range: Range, depth: number): void {
    this.#counter.enter(range, depth);
    if (range.type.kind === 'basic') {
      checkBasic(this.#source, range);
      return;
    }
    const children = childrenOf(this.#source, range);
    if (range.type.kind === 'array' && PLAIN.includes(range.type.signature.slice(1))) return;
    for (let index = 0; index < children.count; index++) this.check(children.at(index), depth + 1);
  }
}

class Decoder {
  readonly #source: Source;
  readonly #counter: Counter;

  constructor(source: Source) {
    this.#source = source;
    this.#counter = new Counter(source, MAX_VALUES, `${MAX_VALUES} values at once`);
  }

  value(range: Range, depth: number): Value {
    this.#counter.enter(range, depth);
    if (range.type.kind === 'basic') return readBasic(this.#source, range);
    if (range.type.signature === 'ay') return this.#source.bytes.subarray(range.start, range.end);
    const children = childrenOf(this.#source, range);
    if (range.type.kind !== 'variant') return this.#all(children, depth);
    const inner = children.at(0);
    return { type: inner.type.signature, value: this.value(inner, depth + 1) };
  }

  #all(children: Children, depth: number): Value[] {
    const values: Value[] = [];
    for (let index = 0; index < children.count; index++)
      values.push(this.value(children.at(index), depth + 1));
    return values;
  }
}
