/**
 * Reads serialized GVariants. Every access is bounds-checked and only normal form is accepted:
 * zero padding, minimal framing offsets in order, terminated UTF-8 strings. So a value that was
 * read serializes to the same bytes again, and checksums over either agree.
 * A fault is ERR_VARIANT naming the outermost type and the byte offset.
 */
import { TreeportError } from '../base/errors.ts';
import { chooseWidth, offsetWidth, readOffset } from './framing.ts';
import { align, parseType, type VariantType } from './type.ts';
import type { Value } from './value.ts';

const MAX_VARIANT_DEPTH = 64;
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

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
    return new TreeportError('ERR_VARIANT', `variant of type "${this.signature}" is malformed at byte ${offset}: ${what}`);
  }

  value(type: VariantType, start: number, end: number, depth: number): Value {
    if (type.fixedSize !== null && end - start !== type.fixedSize) {
      throw this.fault(start, `"${type.signature}" takes ${type.fixedSize} bytes, not ${end - start}`);
    }
    switch (type.kind) {
      case 'basic':
        return type.fixedSize === null ? this.string(start, end) : this.number(type.signature, start);
      case 'variant':
        return this.variant(start, end, depth);
      case 'maybe':
        return this.maybe(type, start, end, depth);
      case 'array':
        return type.signature === 'ay' ? this.bytes.subarray(start, end) : this.array(type, start, end, depth);
      case 'tuple':
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
        return this.bytes.readDoubleLE(at);
    }
  }

  private string(start: number, end: number): string {
    const terminator = this.bytes.indexOf(0, start);
    if (end <= start || terminator !== end - 1) throw this.fault(start, 'a string ends with its only NUL');
    try {
      return utf8.decode(this.bytes.subarray(start, end - 1));
    } catch {
      throw this.fault(start, 'a string is UTF-8');
    }
  }

  private variant(start: number, end: number, depth: number): Value {
    if (depth >= MAX_VARIANT_DEPTH) throw this.fault(start, 'variants are nested too deeply');
    const separator = end > start ? this.bytes.lastIndexOf(0, end - 1) : -1;
    if (separator < start) throw this.fault(start, 'a variant ends with NUL and its type');
    const signature = this.bytes.toString('latin1', separator + 1, end);
    const value = this.value(parseType(signature), start, separator, depth + 1);
    return { type: signature, value };
  }

  private maybe(type: VariantType, start: number, end: number, depth: number): Value {
    const element = type.children[0] as VariantType;
    if (start === end) return null;
    if (element.fixedSize !== null) return this.value(element, start, end, depth);
    if (this.bytes.readUInt8(end - 1) !== 0) throw this.fault(end - 1, 'a present value ends with a zero byte');
    return this.value(element, start, end - 1, depth);
  }

  private array(type: VariantType, start: number, end: number, depth: number): Value[] {
    const element = type.children[0] as VariantType;
    if (start === end) return [];
    return element.fixedSize !== null
      ? this.fixedArray(element, element.fixedSize, start, end, depth)
      : this.framedArray(element, start, end, depth);
  }

  private fixedArray(element: VariantType, size: number, start: number, end: number, depth: number): Value[] {
    if ((end - start) % size !== 0) throw this.fault(start, `an array of ${size}-byte elements has ${end - start} bytes`);
    const values: Value[] = [];
    for (let at = start; at < end; at += size) values.push(this.value(element, at, at + size, depth));
    return values;
  }

  private framedArray(element: VariantType, start: number, end: number, depth: number): Value[] {
    const width = offsetWidth(end - start);
    if (end - start < width) throw this.fault(start, 'an array lacks its offsets');
    const bodyEnd = start + readOffset(this.bytes, end - width, width);
    if (bodyEnd > end - width || (end - bodyEnd) % width !== 0) throw this.fault(end - width, 'an array offset is out of range');
    const count = (end - bodyEnd) / width;
    this.checkWidth(bodyEnd - start, count, width, bodyEnd);
    const values: Value[] = [];
    let position = start;
    for (let index = 0; index < count; index++) {
      const elementStart = this.padding(position, start, element.alignment, bodyEnd);
      const at = bodyEnd + index * width;
      const elementEnd = start + readOffset(this.bytes, at, width);
      if (elementEnd < elementStart || elementEnd > bodyEnd) throw this.fault(at, 'an array offset is out of order');
      values.push(this.value(element, elementStart, elementEnd, depth));
      position = elementEnd;
    }
    return values;
  }

  private tuple(type: VariantType, start: number, end: number, depth: number): Value[] {
    if (type.children.length === 0) {
      if (this.bytes.readUInt8(start) !== 0) throw this.fault(start, 'the unit tuple is one zero byte');
      return [];
    }
    const last = type.children.length - 1;
    const framed = type.children.filter((child, index) => child.fixedSize === null && index !== last).length;
    const width = offsetWidth(end - start);
    const bodyEnd = end - framed * width;
    if (bodyEnd < start) throw this.fault(start, 'a tuple lacks its offsets');
    if (framed > 0) this.checkWidth(bodyEnd - start, framed, width, bodyEnd);
    const values: Value[] = [];
    let position = start;
    let offsets = 0;
    for (const [index, child] of type.children.entries()) {
      const memberStart = this.padding(position, start, child.alignment, bodyEnd);
      let memberEnd = bodyEnd;
      if (child.fixedSize !== null) memberEnd = memberStart + child.fixedSize;
      else if (index !== last) {
        offsets += 1;
        memberEnd = start + readOffset(this.bytes, end - offsets * width, width);
      }
      if (memberEnd < memberStart || memberEnd > bodyEnd) throw this.fault(memberStart, `member ${index} is out of range`);
      values.push(this.value(child, memberStart, memberEnd, depth));
      position = memberEnd;
    }
    if (type.fixedSize !== null) position = this.padding(position, start, type.alignment, bodyEnd);
    if (position !== bodyEnd) throw this.fault(position, 'a tuple has bytes behind its members');
    return values;
  }

  /** Skips zero padding up to the alignment (relative to the container) and checks it. */
  private padding(position: number, base: number, alignment: number, limit: number): number {
    const aligned = base + align(position - base, alignment);
    if (aligned > limit) throw this.fault(position, 'a member is out of range');
    for (let at = position; at < aligned; at++) {
      if (this.bytes.readUInt8(at) !== 0) throw this.fault(at, 'padding is zero');
    }
    return aligned;
  }

  private checkWidth(bodySize: number, count: number, width: number, at: number): void {
    if (chooseWidth(bodySize, count) !== width) throw this.fault(at, 'offsets are wider than needed');
  }
}
