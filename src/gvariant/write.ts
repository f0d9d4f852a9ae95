/**
 * Writes GVariants in normal form, little-endian. The counterpart of read.ts:
 * `read(t, write(t, v))` gives `v` back, `write(t, read(t, b))` gives `b` back.
 */
import { TreeportError } from '../base/errors.ts';
import { chooseWidth, writeOffset } from './framing.ts';
import { align, parseType, type VariantType } from './type.ts';
import type { Value, Variant } from './value.ts';

/** Serializes a value of the given type; throws ERR_VARIANT if the value does not fit the type. */
export function write(signature: string, value: Value): Buffer {
  return serialize(parseType(signature), value);
}

function serialize(type: VariantType, value: Value): Buffer {
  switch (type.kind) {
    case 'basic':
      return type.fixedSize === null ? string(type, value) : scalar(type, value, type.fixedSize);
    case 'variant':
      return wrapVariant(type, value);
    case 'maybe':
      return maybe(type, value);
    case 'array':
      return array(type, value);
    case 'tuple':
      return container(type, elementsOf(type, value), type.children);
  }
}

function misfit(type: VariantType, value: Value): TreeportError {
  const what = value instanceof Uint8Array ? 'bytes' : Array.isArray(value) ? 'array' : typeof value;
  return new TreeportError('ERR_VARIANT', `a value of type ${what} does not fit variant type "${type.signature}"`);
}

function scalar(type: VariantType, value: Value, size: number): Buffer {
  const bytes = Buffer.alloc(size);
  try {
    switch (type.signature) {
      case 'b':
        if (typeof value !== 'boolean') throw misfit(type, value);
        bytes.writeUInt8(value ? 1 : 0);
        break;
      case 'x':
        bytes.writeBigInt64LE(value as bigint);
        break;
      case 't':
        bytes.writeBigUInt64LE(value as bigint);
        break;
      case 'd':
        bytes.writeDoubleLE(value as number);
        break;
      case 'n':
      case 'i':
      case 'h':
        bytes.writeIntLE(value as number, 0, size);
        break;
      default:
        bytes.writeUIntLE(value as number, 0, size);
    }
  } catch (error) {
    if (error instanceof TreeportError) throw error;
    throw misfit(type, value);
  }
  return bytes;
}

function string(type: VariantType, value: Value): Buffer {
  if (typeof value !== 'string' || value.includes('\0')) throw misfit(type, value);
  return Buffer.from(`${value}\0`);
}

function wrapVariant(type: VariantType, value: Value): Buffer {
  if (!isVariant(value)) throw misfit(type, value);
  return Buffer.concat([serialize(parseType(value.type), value.value), Buffer.from(`\0${value.type}`)]);
}

function isVariant(value: Value): value is Variant {
  return typeof value === 'object' && value !== null && 'type' in value && 'value' in value;
}

function maybe(type: VariantType, value: Value): Buffer {
  const element = type.children[0] as VariantType;
  if (value === null) return Buffer.alloc(0);
  const bytes = serialize(element, value);
  return element.fixedSize === null ? Buffer.concat([bytes, Buffer.alloc(1)]) : bytes;
}

function array(type: VariantType, value: Value): Buffer {
  if (type.signature === 'ay' && value instanceof Uint8Array) return Buffer.from(value);
  const element = type.children[0] as VariantType;
  const elements = elementsOf(type, value);
  if (element.fixedSize !== null) return Buffer.concat(elements.map((item) => serialize(element, item)));
  return container(type, elements, elements.map(() => element));
}

function elementsOf(type: VariantType, value: Value): readonly Value[] {
  if (!Array.isArray(value)) throw misfit(type, value);
  if (type.kind === 'tuple' && value.length !== type.children.length) throw misfit(type, value);
  return value;
}

/** Members one after another with padding, then the framing offsets. */
function container(type: VariantType, values: readonly Value[], types: readonly VariantType[]): Buffer {
  if (type.kind === 'tuple' && types.length === 0) return Buffer.alloc(1);
  const parts: Buffer[] = [];
  const ends: number[] = [];
  let size = 0;
  const push = (bytes: Buffer) => {
    parts.push(bytes);
    size += bytes.length;
  };
  for (const [index, memberType] of types.entries()) {
    push(Buffer.alloc(align(size, memberType.alignment) - size));
    push(serialize(memberType, values[index] as Value));
    const isLastOfTuple = type.kind === 'tuple' && index === types.length - 1;
    if (memberType.fixedSize === null && !isLastOfTuple) ends.push(size);
  }
  if (type.fixedSize !== null) push(Buffer.alloc(type.fixedSize - size));
  // A tuple's offsets are stored in reverse order, an array's in forward order.
  push(framing(size, type.kind === 'tuple' ? ends.toReversed() : ends));
  return Buffer.concat(parts, size);
}

function framing(bodySize: number, ends: readonly number[]): Buffer {
  const width = chooseWidth(bodySize, ends.length);
  const bytes = Buffer.alloc(width * ends.length);
  for (const [index, end] of ends.entries()) writeOffset(bytes, index * width, width, end);
  return bytes;
}
