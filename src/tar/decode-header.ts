/**
 * Decodes header blocks of tar archives: POSIX ustar, GNU, and the old format without a magic. Numbers are
 * octal, or base-256 if the first bit is set. Layout as in header.ts; POSIX has a prefix of the name at 345.
 */
import { TreeportError } from '../base/errors.ts';
import type { Xattr } from '../ostree/xattrs.ts';
import { BLOCK_BYTES } from './header.ts';

export type DecodedHeader = {
  readonly path: string;
  /** The type flag as it stands; `0` for a NUL. */
  readonly flag: string;
  readonly mode: number;
  /** Invalid numbers, and those too large to be exact, are NaN. */
  readonly uid: number;
  readonly gid: number;
  readonly size: number;
  /** Seconds since 1970. */
  readonly mtime: number;
  readonly target: string;
};

const [NAME, MODE, UID, GID, SIZE, MTIME, CHECKSUM, FLAG, TARGET, MAGIC, PREFIX] = [
  0, 100, 108, 116, 124, 136, 148, 156, 157, 257, 345,
] as const;
const NAME_BYTES = 100;
const PREFIX_BYTES = 155;
const CHECKSUM_BYTES = 8;
const SPACE = 0x20;
const NEWLINE = 0x0a;
const ZERO = 0x30;
const SEVEN = 0x37;
const POSIX_MAGIC = 'ustar\0';

/** Decodes a block; undefined if it is all zeros, as at the end. ERR_TAR if it is not a header. */
export function decodeHeader(block: Buffer): DecodedHeader | undefined {
  const sum = sumOf(block);
  if (sum === CHECKSUM_BYTES * SPACE) return undefined;
  if (sum !== numberAt(block, CHECKSUM, CHECKSUM_BYTES)) throw malformed('a header has a wrong checksum');
  const magic = block.toString('latin1', MAGIC, MAGIC + POSIX_MAGIC.length);
  const name = textAt(block, NAME, NAME_BYTES);
  const prefix = magic === POSIX_MAGIC ? textAt(block, PREFIX, PREFIX_BYTES) : '';
  return {
    path: prefix === '' ? name : `${prefix}/${name}`,
    flag: block[FLAG] === 0 ? '0' : String.fromCharCode(block[FLAG] ?? 0),
    mode: numberAt(block, MODE, 8),
    uid: numberAt(block, UID, 8),
    gid: numberAt(block, GID, 8),
    size: numberAt(block, SIZE, 12),
    mtime: numberAt(block, MTIME, 12),
    target: textAt(block, TARGET, NAME_BYTES),
  };
}

/** The sum of all bytes, those of the checksum counted as spaces. */
function sumOf(block: Buffer): number {
  let sum = CHECKSUM_BYTES * SPACE;
  for (let at = 0; at < CHECKSUM; at++) sum += block[at] as number;
  for (let at = CHECKSUM + CHECKSUM_BYTES; at < BLOCK_BYTES; at++) sum += block[at] as number;
  return sum;
}

function numberAt(block: Buffer, start: number, length: number): number {
  const first = block[start] as number;
  return first >= 0x80 ? binaryAt(block, start, length) : octalAt(block, start, start + length);
}

/** Octal digits after optional spaces, up to a NUL, a space or the end of the field. */
function octalAt(block: Buffer, start: number, end: number): number {
  let at = start;
  while (at < end && block[at] === SPACE) at++;
  let value = 0;
  for (
    let digit = block[at] as number;
    at < end && digit >= ZERO && digit <= SEVEN;
    digit = block[at] as number
  ) {
    value = value * 8 + (digit - ZERO);
    at++;
  }
  const isEnded = at === end || block[at] === 0 || block[at] === SPACE;
  return isEnded ? value : Number.NaN;
}

function binaryAt(block: Buffer, start: number, length: number): number {
  let value = (block[start] as number) & 0x7f;
  for (let at = start + 1; at < start + length; at++) value = value * 256 + (block[at] as number);
  return Number.isSafeInteger(value) ? value : Number.NaN;
}

/** Text up to a NUL. */
export function textAt(bytes: Buffer, start: number, length: number): string {
  let end = start;
  while (end < start + length && bytes[end] !== 0) end++;
  return end === start ? '' : bytes.toString('utf8', start, end);
}

/**
 * The records of a PAX entry. Values are bytes, because those of extended attributes are; keys are latin1, so
 * that no byte of an attribute's name is lost. See {@link paxText}.
 */
export type PaxRecords = ReadonlyMap<string, Buffer>;

/** `LENGTH KEY=VALUE\n` in turn, LENGTH counting the whole record. The last record of a key counts. */
export function decodePax(data: Buffer): PaxRecords {
  const records = new Map<string, Buffer>();
  for (let start = 0; start < data.length; ) {
    const space = data.indexOf(SPACE, start);
    const digits = data.toString('latin1', start, Math.max(space, start));
    const length = /^\d{1,9}$/.test(digits) ? Number(digits) : Number.NaN;
    const end = start + length;
    const equals = data.indexOf('=', space);
    const isWhole = end <= data.length && space < equals && equals < end && data[end - 1] === NEWLINE;
    if (!isWhole) throw malformed('a PAX record is malformed');
    // A copy: a view would keep the whole piece of the stream in memory.
    records.set(data.toString('latin1', space + 1, equals), Buffer.from(data.subarray(equals + 1, end - 1)));
    start = end;
  }
  return records;
}

/** The value of a record as UTF-8 text: paths, link targets and numbers are. */
export function paxText(records: PaxRecords, key: string): string | undefined {
  return records.get(key)?.toString('utf8');
}

export type PaxNumber = 'uid' | 'gid' | 'size' | 'mtime';

const INTEGER = /^\d+$/;
const SECONDS = /^-?\d+(?:\.\d+)?$/;

/** The value of a record that is a number: NaN if it is invalid, undefined if there is none. */
export function paxNumber(records: PaxRecords, key: PaxNumber): number | undefined {
  const text = paxText(records, key);
  if (text === undefined) return undefined;
  return (key === 'mtime' ? SECONDS : INTEGER).test(text) ? Number(text) : Number.NaN;
}

const XATTR_KEY = 'SCHILY.xattr.';
const NO_ATTRIBUTES: readonly Xattr[] = [];

/** The extended attributes among the records, in their order. */
export function xattrsInPax(records: PaxRecords): readonly Xattr[] {
  if (records.size === 0) return NO_ATTRIBUTES;
  return [...records].flatMap(([key, value]) =>
    key.startsWith(XATTR_KEY) ? [{ name: Buffer.from(key.slice(XATTR_KEY.length), 'latin1'), value }] : [],
  );
}

export function malformed(what: string): TreeportError {
  return new TreeportError('ERR_TAR', `the tar stream is malformed: ${what}`);
}
