/**
 * The bytes of a variant and the errors found in them. Numbers may be big-endian, as in static deltas made on
 * big-endian machines; framing offsets are always little-endian.
 */
import { TreeportError } from '../base/errors.ts';
import { align, quoteType, type VariantType } from './type.ts';

export type ByteOrder = 'little' | 'big';

/** The position of a value: from `start` up to, and without, `end`. */
export type Range = { readonly type: VariantType; readonly start: number; readonly end: number };

export class Source {
  /** Type of the outermost value; errors quote it. */
  readonly signature: string;
  readonly bytes: Buffer;
  readonly order: ByteOrder;

  constructor(signature: string, bytes: Buffer, order: ByteOrder) {
    this.signature = signature;
    this.bytes = bytes;
    this.order = order;
  }

  fault(offset: number, what: string): TreeportError {
    const where = `variant of type ${quoteType(this.signature)} is malformed at byte ${offset}`;
    return new TreeportError('ERR_VARIANT', `${where}: ${what}`);
  }

  /** Skips zero padding up to the alignment (relative to the container) and checks it. */
  padding(position: number, base: number, alignment: number, limit: number): number {
    const aligned = base + align(position - base, alignment);
    if (aligned > limit) throw this.fault(position, 'a member is out of range');
    return this.zeros(position, aligned);
  }

  /** Checks that the range is all zeros; returns `end`. */
  zeros(start: number, end: number): number {
    for (let at = start; at < end; at++) {
      if (this.bytes[at] !== 0) throw this.fault(at, 'padding is not zero');
    }
    return end;
  }

  checkSize({ type, start, end }: Range): void {
    if (type.fixedSize === null || end - start === type.fixedSize) return;
    const needed = `${quoteType(type.signature)} has ${type.fixedSize} bytes`;
    throw this.fault(start, `${needed}, not ${end - start}`);
  }
}
