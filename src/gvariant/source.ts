/**
 * The bytes that a reader of variants works on, and the faults it finds in them. Numbers may be big-endian, as in static
 * deltas that were made on such a machine; framing offsets never are.
 */
import { TreeportError } from '../base/errors.ts';
import { align, quoteType, type VariantType } from './type.ts';

export type ByteOrder = 'little' | 'big';

/** A value's place: from `start` up to `end`. */
export type Range = { readonly type: VariantType; readonly start: number; readonly end: number };

export class Source {
  /** Of the outermost value, which faults are named after. */
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

  /** Checks that only zeros lie there; returns `end`. */
  zeros(start: number, end: number): number {
    for (let at = start; at < end; at++) {
      if (this.bytes[at] !== 0) throw this.fault(at, 'padding is not zero');
    }
    return end;
  }

  checkSize({ type, start, end }: Range): void {
    if (type.fixedSize === null || end - start === type.fixedSize) return;
    const needed = `${quoteType(type.signature)} takes ${type.fixedSize} bytes`;
    throw this.fault(start, `${needed}, not ${end - start}`);
  }
}
