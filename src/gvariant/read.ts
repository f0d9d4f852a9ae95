/**
 * Reads serialized GVariants. Every access is bounds-checked and only normal form is accepted:
 * zero padding, minimal framing offsets in order, terminated UTF-8 strings. So a value that was
 * read serializes to the same bytes again, and checksums over either agree.
 * A fault is ERR_VARIANT naming the outermost type and the byte offset.
 */
import { messageOf, TreeportError } from '../base/errors.ts';
import { chooseWidth, offsetWidth, readOffset } from './framing.ts';
import { isTextOf } from './text.ts';
import { align, MAX_DEPTH, parseType, quoteType, type VariantType } from './type.ts';
import type { Value } from './value.ts';

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
/** The one NaN that survives a way through JavaScript. */
const NAN_BITS = 0x7ff8000000000000n;

/** Decodes `bytes`, which must be exactly one value of the type. `ay` members share its memory. */
export function read(signature: string, bytes: Uint8Array): Value {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return new Reader(signature, buffer).value(parseType(signature), 0, buffer.length, 0);
}

class Reader {
  readonly signature: string;
  readonly bytes: Buffer;

  constructor(signature: string, bytes: Buffer) {
    this.signature = signature;
    this.bytes = bytes;
  }

  fault(offset: number, what: string): TreeportError {
    const where = `variant of type ${quoteType(this.signature)} is malformed at byte ${offset}`;
    return new TreeportError('ERR_VARIANT', `${where}: ${what}`);
  }

  /** The value between two offsets. `depth` counts the containers around it. */
  value(type: VariantType, start: number, end: number, depth: number): Value {
    if (type.fixedSize !== null && end - start !== type.fixedSize) {
      throw this.fault(
        start,
        `${quoteType(type.signature)} takes ${type.fixedSize} bytes, not ${end - start}`,
      );
    }
    if (depth > MAX_DEPTH) throw this.fault(start, 'values are nested too deeply');
    switch (type.kind) {
      case 'basic':
        return type.fixedSize === null
          ? this.string(type.signature, start, end)
          : this.number(type.signature, start);
      case 'variant':
        return this.variant(start, end, depth);
      case 'maybe':
        return this.maybe(type, start, end, depth);
      case 'array':
        return type.signature === 'ay'
          ? this.bytes.subarray(start, end)
          : this.array(type, start, end, depth);
      case 'tuple':
      case 'entry':
        return this.tuple(type, start, end, depth);
    }
  }

  private number(signature: string, at: number): Value {
    switch (signature) {
      case 'b': {
        const byte = this.bytes.readUInt8(at);
        if (byte > 1) throw this.fault(at, 'a boolean is 0 or 1');
        return byte === 1;
      }
      case 'y':
        return this.bytes.readUInt8(at);
      case 'n':
        return this.bytes.readInt16LE(at);
      case 'q':
        return this.bytes.readUInt16LE(at);
      case 'i':
      case 'h':
        return this.bytes.readInt32LE(at);
      case 'u':
        return this.bytes.readUInt32LE(at);
      case 'x':
        return this.bytes.readBigInt64LE(at);
      case 't':
        return this.bytes.readBigUInt64LE(at);
      default:
        return this.double(at);
    }
  }

  private double(at: number): number {
    const value = this.bytes.readDoubleLE(at);
    if (Number.isNaN(value) && this.bytes.readBigUInt64LE(at) !== NAN_BITS) {
      throw this.fault(at, 'a NaN carries data');
    }
    return value;
  }

  private string(signature: string, start: number, end: number): string {
    if (end <= start || this.bytes[end - 1] !== 0) throw this.fault(start, 'a string ends with NUL');
    const text = this.bytes.toString('utf8', start, end - 1);
    // The lenient decoder is much the faster one, and marks whatever was wrong with this character.
    if (text.includes('\ufffd')) this.checkUtf8(start, end - 1);
    if (text.includes('\0')) throw this.fault(start, 'a string holds a NUL before its end');
    if (signature !== 's' && !isTextOf(signature, text)) {
      throw this.fault(start, `a string is not of type "${signature}"`);
    }
    return text;
  }

  private checkUtf8(start: number, end: number): void {
    try {
      utf8.decode(this.bytes.subarray(start, end));
    } catch {
      throw this.fault(start, 'a string is not UTF-8');
    }
  }

  private variant(start: number, end: number, depth: number): Value {
    const separator = end > start ? this.bytes.lastIndexOf(0, end - 1) : -1;
    if (separator < start) throw this.fault(start, 'a variant ends with NUL and its type');
    const type = this.innerType(separator + 1, end);
    return { type: type.signature, value: this.value(type, start, separator, depth + 1) };
  }

  private innerType(start: number, end: number): VariantType {
    try {
      return parseType(this.bytes.toString('latin1', start, end));
    } catch (error) {
      throw this.fault(start, messageOf(error));
    }
  }

  private maybe(type: VariantType, start: number, end: number, depth: number): Value[] {
    const element = type.children[0] as VariantType;
    if (start === end) return [];
    if (element.fixedSize !== null) return [this.value(element, start, end, depth + 1)];
    if (this.bytes[end - 1] !== 0) throw this.fault(end - 1, 'a present value ends with a zero byte');
    return [this.value(element, start, end - 1, depth + 1)];
  }

  private array(type: VariantType, start: number, end: number, depth: number): Value[] {
    const element = type.children[0] as VariantType;
    if (start === end) return [];
    return element.fixedSize !== null
      ? this.fixedArray(element, element.fixedSize, start, end, depth)
      : this.framedArray(element, start, end, depth);
  }

  private fixedArray(element: VariantType, size: number, start: number, end: number, depth: number): Value[] {
    if ((end - start) % size !== 0) {
      throw this.fault(start, `an array of ${size}-byte elements has ${end - start} bytes`);
    }
    const values: Value[] = [];
    for (let at = start; at < end; at += size) values.push(this.value(element, at, at + size, depth + 1));
    return values;
  }

  private framedArray(element: VariantType, start: number, end: number, depth: number): Value[] {
    const width = offsetWidth(end - start);
    if (end - start < width) throw this.fault(start, 'an array lacks its offsets');
    const bodyEnd = start + readOffset(this.bytes, end - width, width);
    if (bodyEnd > end - width || (end - bodyEnd) % width !== 0) {
      throw this.fault(end - width, 'an array offset is out of range');
    }
    this.checkWidth(bodyEnd - start, (end - bodyEnd) / width, width, bodyEnd);
    const values: Value[] = [];
    let position = start;
    for (let at = bodyEnd; at < end; at += width) {
      const elementStart = this.padding(position, start, element.alignment, bodyEnd);
      position = start + readOffset(this.bytes, at, width);
      if (position < elementStart || position > bodyEnd)
        throw this.fault(at, 'an array offset is out of order');
      values.push(this.value(element, elementStart, position, depth + 1));
    }
    return values;
  }

  private tuple(type: VariantType, start: number, end: number, depth: number): Value[] {
    const width = offsetWidth(end - start);
    const bodyEnd = end - type.offsetCount * width;
    if (bodyEnd < start) throw this.fault(start, 'a tuple lacks its offsets');
    if (type.offsetCount > 0) this.checkWidth(bodyEnd - start, type.offsetCount, width, bodyEnd);
    const last = type.children.length - 1;
    const values: Value[] = [];
    let position = start;
    let offsetAt = end;
    for (let index = 0; index <= last; index++) {
      const member = type.children[index] as VariantType;
      const memberStart = this.padding(position, start, member.alignment, bodyEnd);
      position = bodyEnd;
      if (member.fixedSize !== null) position = memberStart + member.fixedSize;
      else if (index !== last) {
        offsetAt -= width;
        position = start + readOffset(this.bytes, offsetAt, width);
      }
      if (position < memberStart || position > bodyEnd) {
        throw this.fault(memberStart, `member ${index} is out of range`);
      }
      values.push(this.value(member, memberStart, position, depth + 1));
    }
    // Only a tuple of fixed size is padded at its end; the unit tuple is nothing but padding.
    if (type.fixedSize !== null) position = this.zeros(position, end);
    if (position !== bodyEnd) throw this.fault(position, 'a tuple has bytes behind its members');
    return values;
  }

  /** Skips zero padding up to the alignment (relative to the container) and checks it. */
  private padding(position: number, base: number, alignment: number, limit: number): number {
    const aligned = base + align(position - base, alignment);
    if (aligned > limit) throw this.fault(position, 'a member is out of range');
    return this.zeros(position, aligned);
  }

  private zeros(start: number, end: number): number {
    for (let at = start; at < end; at++) {
      if (this.bytes[at] !== 0) throw this.fault(at, 'padding is not zero');
    }
    return end;
  }

  private checkWidth(bodySize: number, count: number, width: number, at: number): void {
    if (chooseWidth(bodySize, count) !== width) throw this.fault(at, 'offsets are wider than needed');
  }
}
