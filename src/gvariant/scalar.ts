/** Reads or only checks numbers, booleans and strings of variants. Accepts normal form only. */
import { isUtf8 } from 'node:buffer';
import type { Range, Source } from './source.ts';
import { isTextOf } from './text.ts';
import type { Value } from './value.ts';

/** The only NaN that JavaScript preserves. */
const NAN_BITS = 0x7ff8000000000000n;

/** The value of a basic type. */
export function readBasic(source: Source, { type, start, end }: Range): Value {
  return type.fixedSize === null
    ? readText(source, type.signature, start, end)
    : readNumber(source, type.signature, start);
}

/** Throws the errors of {@link readBasic} without building the value. */
export function checkBasic(source: Source, { type, start, end }: Range): void {
  const { signature } = type;
  if (signature === 's') checkText(source, start, end);
  else if (type.fixedSize === null) readText(source, signature, start, end);
  else if (signature === 'b' || signature === 'd') readNumber(source, signature, start);
}

function readNumber(source: Source, signature: string, at: number): Value {
  const { bytes } = source;
  const isBig = source.order === 'big';
  switch (signature) {
    case 'b': {
      const byte = bytes.readUInt8(at);
      if (byte > 1) throw source.fault(at, 'a boolean must be 0 or 1');
      return byte === 1;
    }
    case 'y':
      return bytes.readUInt8(at);
    case 'n':
      return isBig ? bytes.readInt16BE(at) : bytes.readInt16LE(at);
    case 'q':
      return isBig ? bytes.readUInt16BE(at) : bytes.readUInt16LE(at);
    case 'i':
    case 'h':
      return isBig ? bytes.readInt32BE(at) : bytes.readInt32LE(at);
    case 'u':
      return isBig ? bytes.readUInt32BE(at) : bytes.readUInt32LE(at);
    case 'x':
      return isBig ? bytes.readBigInt64BE(at) : bytes.readBigInt64LE(at);
    case 't':
      return isBig ? bytes.readBigUInt64BE(at) : bytes.readBigUInt64LE(at);
    default:
      return readDouble(source, at, isBig);
  }
}

function readDouble(source: Source, at: number, isBig: boolean): number {
  const value = isBig ? source.bytes.readDoubleBE(at) : source.bytes.readDoubleLE(at);
  const bits = isBig ? source.bytes.readBigUInt64BE(at) : source.bytes.readBigUInt64LE(at);
  if (Number.isNaN(value) && bits !== NAN_BITS) throw source.fault(at, 'a NaN carries a payload');
  return value;
}

function readText(source: Source, signature: string, start: number, end: number): string {
  checkText(source, start, end);
  const text = source.bytes.toString('utf8', start, end - 1);
  if (signature === 's' || isTextOf(signature, text)) return text;
  throw source.fault(start, `a string is not of type "${signature}"`);
}

function checkText(source: Source, start: number, end: number): void {
  const { bytes } = source;
  if (end <= start || bytes[end - 1] !== 0) throw source.fault(start, 'a string must end with NUL');
  const text = bytes.subarray(start, end - 1);
  if (!isUtf8(text)) throw source.fault(start, 'a string is not UTF-8');
  if (text.includes(0)) throw source.fault(start, 'a string contains a NUL before its end');
}
