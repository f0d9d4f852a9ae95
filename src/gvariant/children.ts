/**
 * Locates the children of a container by index, without decoding them. Checks bounds, order, padding and the
 * width of offsets on the way. Source: GVariant specification 1.0, §3.2.
 */
import { messageOf } from '../base/errors.ts';
import { chooseWidth, offsetWidth, readOffset } from './framing.ts';
import type { Range, Source } from './source.ts';
import { MAX_TYPE_LENGTH, parseType, type VariantType } from './type.ts';

export type Children = {
  readonly count: number;
  /** `index` is below `count`. */
  at(index: number): Range;
};

const NONE: Children = {
  count: 0,
  at: () => {
    throw new RangeError('there are no children');
  },
};

/** The children of an array, maybe, tuple, dictionary entry or variant. */
export function childrenOf(source: Source, range: Range): Children {
  const { type, start, end } = range;
  if (type.kind === 'variant') return new OnlyChild(variantContent(source, start, end));
  if (type.kind === 'tuple' || type.kind === 'entry') return new Members(source, range);
  const element = type.children[0] as VariantType;
  if (start === end) return NONE;
  if (type.kind === 'maybe') return new OnlyChild(maybeContent(source, element, range));
  return element.fixedSize === null
    ? new FramedElements(source, element, range)
    : new FixedElements(source, element, element.fixedSize, range);
}

class OnlyChild implements Children {
  readonly count = 1;
  readonly #range: Range;

  constructor(range: Range) {
    this.#range = range;
  }

  at(): Range {
    return this.#range;
  }
}

/** Value, NUL, type. Searches backwards for the NUL, no further than the longest type. */
function variantContent(source: Source, start: number, end: number): Range {
  let separator = end - 1;
  const limit = Math.max(start, end - 1 - MAX_TYPE_LENGTH);
  while (separator >= limit && source.bytes[separator] !== 0) separator -= 1;
  if (separator < start) throw source.fault(start, 'a variant must end with NUL and its type');
  if (separator < limit)
    throw source.fault(separator + 1, `a type has more than ${MAX_TYPE_LENGTH} characters`);
  return { type: innerType(source, separator + 1, end), start, end: separator };
}

function innerType(source: Source, start: number, end: number): VariantType {
  try {
    return parseType(source.bytes.toString('latin1', start, end));
  } catch (error) {
    throw source.fault(start, messageOf(error));
  }
}

function maybeContent(source: Source, type: VariantType, { start, end }: Range): Range {
  if (type.fixedSize !== null) return { type, start, end };
  if (source.bytes[end - 1] !== 0) throw source.fault(end - 1, 'a present value must end with a zero byte');
  return { type, start, end: end - 1 };
}

class FixedElements implements Children {
  readonly count: number;
  readonly #type: VariantType;
  readonly #size: number;
  readonly #start: number;

  constructor(source: Source, type: VariantType, size: number, { start, end }: Range) {
    if ((end - start) % size !== 0)
      throw source.fault(start, `an array of ${size}-byte elements has ${end - start} bytes`);
    this.count = (end - start) / size;
    this.#type = type;
    this.#size = size;
    this.#start = start;
  }

  at(index: number): Range {
    const start = this.#start + index * this.#size;
    return { type: this.#type, start, end: start + this.#size };
  }
}

class FramedElements implements Children {
  readonly count: number;
  readonly #source: Source;
  readonly #type: VariantType;
  readonly #start: number;
  readonly #width: number;
  readonly #bodyEnd: number;

  constructor(source: Source, type: VariantType, { start, end }: Range) {
    const width = offsetWidth(end - start);
    if (end - start < width) throw source.fault(start, 'an array lacks its offsets');
    const bodyEnd = start + readOffset(source.bytes, end - width, width);
    if (bodyEnd > end - width || (end - bodyEnd) % width !== 0)
      throw source.fault(end - width, 'an array offset is out of range');
    this.count = (end - bodyEnd) / width;
    checkWidth(source, bodyEnd - start, this.count, width, bodyEnd);
    this.#source = source;
    this.#type = type;
    this.#start = start;
    this.#width = width;
    this.#bodyEnd = bodyEnd;
  }

  at(index: number): Range {
    const offset = this.#bodyEnd + index * this.#width;
    const previous = index === 0 ? this.#start : this.#end(offset - this.#width);
    if (previous > this.#bodyEnd) throw this.#outOfOrder(offset);
    const start = this.#source.padding(previous, this.#start, this.#type.alignment, this.#bodyEnd);
    const end = this.#end(offset);
    if (end < start || end > this.#bodyEnd) throw this.#outOfOrder(offset);
    return { type: this.#type, start, end };
  }

  #end(offset: number): number {
    return this.#start + readOffset(this.#source.bytes, offset, this.#width);
  }

  #outOfOrder(offset: number) {
    return this.#source.fault(offset, 'an array offset is out of order');
  }
}

/**
 * Locates all members at once: each position depends on the members before, and the type bounds their number.
 */
class Members implements Children {
  readonly count: number;
  readonly #types: readonly VariantType[];
  /** Start and end of each. */
  readonly #bounds: number[] = [];

  constructor(source: Source, { type, start, end }: Range) {
    this.count = type.children.length;
    this.#types = type.children;
    const width = offsetWidth(end - start);
    const bodyEnd = end - type.offsetCount * width;
    if (bodyEnd < start) throw source.fault(start, 'a tuple lacks its offsets');
    if (type.offsetCount > 0) checkWidth(source, bodyEnd - start, type.offsetCount, width, bodyEnd);
    let position = start;
    // Unlike an array's, a tuple's offsets are stored in reverse order.
    let offset = end;
    for (let index = 0; index < this.count; index++) {
      const member = type.children[index] as VariantType;
      const memberStart = source.padding(position, start, member.alignment, bodyEnd);
      position = bodyEnd;
      if (member.fixedSize !== null) position = memberStart + member.fixedSize;
      else if (index < this.count - 1) {
        offset -= width;
        position = start + readOffset(source.bytes, offset, width);
      }
      if (position < memberStart || position > bodyEnd)
        throw source.fault(memberStart, `member ${index} is out of range`);
      this.#bounds.push(memberStart, position);
    }
    // Only a tuple of fixed size is padded at its end; the unit tuple is nothing but padding.
    if (type.fixedSize !== null) position = source.zeros(position, end);
    if (position !== bodyEnd) throw source.fault(position, 'bytes follow the members of a tuple');
  }

  at(index: number): Range {
    const start = this.#bounds[2 * index] as number;
    return { type: this.#types[index] as VariantType, start, end: this.#bounds[2 * index + 1] as number };
  }
}

function checkWidth(source: Source, bodySize: number, count: number, width: number, at: number): void {
  if (chooseWidth(bodySize, count) !== width) throw source.fault(at, 'offsets are wider than needed');
}
