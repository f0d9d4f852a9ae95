/**
 * Writes GVariants in normal form, little-endian. The counterpart of read.ts:
 * `read(t, write(t, v))` gives `v` back, `write(t, read(t, b))` gives `b` back.
 *
 * Values are appended to one buffer in order. Padding is relative to the buffer's start, which is correct
 * because every container starts at a multiple of its own alignment.
 */
import { TreeportError } from '../base/errors.ts';
import { chooseWidth, writeOffset } from './framing.ts';
import { isTextOf } from './text.ts';
import { align, parseType, quoteType, type VariantType } from './type.ts';
import type { Value, Variant } from './value.ts';

/** Serializes a value of the given type; throws ERR_VARIANT if the value does not fit the type. */
export function write(signature: string, value: Value): Buffer {
  const writer = new Writer();
  writer.value(parseType(signature), value);
  return Buffer.from(writer.buffer.subarray(0, writer.length));
}

class Writer {
  buffer = Buffer.alloc(256);
  length = 0;

  value(type: VariantType, value: Value): void {
    switch (type.kind) {
      case 'basic':
        if (type.fixedSize === null) this.string(type, value);
        else this.scalar(type, value, type.fixedSize);
        break;
      case 'variant':
        this.variant(type, value);
        break;
      case 'maybe':
        this.maybe(type, value);
        break;
      case 'array':
        this.array(type, value);
        break;
      case 'tuple':
      case 'entry':
        this.tuple(type, value);
        break;
    }
  }

  /** Appends `size` zero bytes and returns where they start. */
  private extend(size: number): number {
    const at = this.length;
    this.length += size;
    if (this.length > this.buffer.length) {
      const larger = Buffer.alloc(Math.max(this.length, 2 * this.buffer.length));
      this.buffer.copy(larger, 0, 0, at);
      this.buffer = larger;
    }
    return at;
  }

  private bytes(bytes: Uint8Array): void {
    const at = this.extend(bytes.length);
    this.buffer.set(bytes, at);
  }

  private align(alignment: number): void {
    this.extend(align(this.length, alignment) - this.length);
  }

  private scalar(type: VariantType, value: Value, size: number): void {
    const at = this.extend(size);
    if (!fitsScalar(type.signature, value)) throw misfit(type, value);
    switch (type.signature) {
      case 'b':
        this.buffer.writeUInt8(value ? 1 : 0, at);
        break;
      case 'x':
        this.buffer.writeBigInt64LE(value as bigint, at);
        break;
      case 't':
        this.buffer.writeBigUInt64LE(value as bigint, at);
        break;
      case 'd':
        this.buffer.writeDoubleLE(value as number, at);
        break;
      case 'n':
      case 'i':
      case 'h':
        this.buffer.writeIntLE(value as number, at, size);
        break;
      default:
        this.buffer.writeUIntLE(value as number, at, size);
    }
  }

  private string(type: VariantType, value: Value): void {
    if (typeof value !== 'string' || !isTextOf(type.signature, value)) throw misfit(type, value);
    const size = Buffer.byteLength(value);
    const at = this.extend(size + 1);
    this.buffer.write(value, at, size);
  }

  private variant(type: VariantType, value: Value): void {
    if (!isVariant(value)) throw misfit(type, value);
    this.value(parseType(value.type), value.value);
    this.bytes(Buffer.from(`\0${value.type}`));
  }

  private maybe(type: VariantType, value: Value): void {
    const element = type.children[0] as VariantType;
    const items = itemsOf(type, value);
    if (items.length > 1) throw misfit(type, value);
    for (const item of items) {
      this.value(element, item);
      if (element.fixedSize === null) this.extend(1);
    }
  }

  private array(type: VariantType, value: Value): void {
    const element = type.children[0] as VariantType;
    if (element.signature === 'y' && value instanceof Uint8Array) {
      this.bytes(value);
      return;
    }
    const start = this.length;
    const ends: number[] = [];
    for (const item of itemsOf(type, value)) {
      this.align(element.alignment);
      this.value(element, item);
      if (element.fixedSize === null) ends.push(this.length - start);
    }
    this.framing(start, ends);
  }

  private tuple(type: VariantType, value: Value): void {
    const items = itemsOf(type, value);
    const last = type.children.length - 1;
    if (items.length !== type.children.length) throw misfit(type, value);
    const start = this.length;
    const ends: number[] = [];
    for (const [index, member] of type.children.entries()) {
      this.align(member.alignment);
      this.value(member, items[index] as Value);
      if (member.fixedSize === null && index !== last) ends.push(this.length - start);
    }
    if (type.fixedSize !== null) this.extend(start + type.fixedSize - this.length);
    // Unlike an array's, a tuple's offsets are stored in reverse order.
    this.framing(start, ends.reverse());
  }

  private framing(start: number, ends: readonly number[]): void {
    const width = chooseWidth(this.length - start, ends.length);
    let at = this.extend(width * ends.length);
    for (const end of ends) {
      writeOffset(this.buffer, at, width, end);
      at += width;
    }
  }
}

const INTEGER_RANGES: Readonly<Record<string, readonly [number | bigint, number | bigint]>> = {
  y: [0, 0xff],
  n: [-0x8000, 0x7fff],
  q: [0, 0xffff],
  i: [-0x80000000, 0x7fffffff],
  h: [-0x80000000, 0x7fffffff],
  u: [0, 0xffffffff],
  x: [-0x8000000000000000n, 0x7fffffffffffffffn],
  t: [0n, 0xffffffffffffffffn],
};

function fitsScalar(signature: string, value: Value): boolean {
  if (signature === 'b') return typeof value === 'boolean';
  if (signature === 'd') return typeof value === 'number';
  const range = INTEGER_RANGES[signature];
  if (range === undefined || typeof value !== typeof range[0]) return false;
  const number = value as number | bigint;
  return (typeof number === 'bigint' || Number.isInteger(number)) && number >= range[0] && number <= range[1];
}

function isVariant(value: Value): value is Variant {
  return typeof value === 'object' && 'type' in value && 'value' in value;
}

function itemsOf(type: VariantType, value: Value): readonly Value[] {
  if (!Array.isArray(value)) throw misfit(type, value);
  return value;
}

function misfit(type: VariantType, value: Value): TreeportError {
  const what = value instanceof Uint8Array ? 'bytes' : Array.isArray(value) ? 'array' : typeof value;
  return new TreeportError(
    'ERR_VARIANT',
    `a value of type ${what} does not fit variant type ${quoteType(type.signature)}`,
  );
}
