/**
 * One of the two lists of a dirtree, `a(say)` or `a(sayay)`: found by position, because a general view of
 * each entry takes five times as long, and every walk of a commit reads all of them. Accepts normal form
 * only. Source: GVariant specification 1.0, §3.2.
 *
 *     entries · end of each entry                 ends relative to the list
 *     entry = name NUL · 1 or 2 checksums · ends  of all members but the last, relative to it, last first
 */
import { isUtf8 } from 'node:buffer';
import { chooseWidth, offsetWidth, readOffset } from '../gvariant/framing.ts';
import { type Checksum, checksumFromBytes } from './checksum.ts';

/** A part of `bytes`, from `start` up to, and without, `end`. */
export type ListRange = { readonly bytes: Buffer; readonly start: number; readonly end: number };

const SLASH = 0x2f;
const DOT = 0x2e;

export class DirtreeList {
  readonly count: number;
  readonly #bytes: Buffer;
  readonly #start: number;
  readonly #bodyEnd: number;
  readonly #width: number;
  readonly #checksums: number;

  /** Not to be used unless {@link isNormal}. `checksums`: of each entry. */
  constructor({ bytes, start, end }: ListRange, checksums: number) {
    this.#bytes = bytes;
    this.#start = start;
    this.#checksums = checksums;
    this.#width = offsetWidth(end - start);
    const isEmpty = end - start < this.#width;
    this.#bodyEnd = isEmpty ? end : start + offsetAt(bytes, end - this.#width, this.#width);
    this.count = isEmpty ? 0 : (end - this.#bodyEnd) / this.#width;
  }

  isNormal(): boolean {
    const { count } = this;
    if (count === 0) return this.#bodyEnd === this.#start;
    const body = this.#bodyEnd - this.#start;
    if (!Number.isInteger(count) || count < 0 || chooseWidth(body, count) !== this.#width) return false;
    for (let index = 0; index < count; index++) if (!this.#isNormalEntry(index)) return false;
    return true;
  }

  name(index: number): string {
    return this.#bytes.toString('utf8', this.#entryStart(index), this.#nameEnd(index));
  }

  /** `which` is 0 or 1; ERR_OBJECT_CORRUPT unless it has 32 bytes. */
  checksum(index: number, which: number): Checksum {
    const start = this.#memberEnd(index, which);
    return checksumFromBytes(this.#bytes.subarray(start, this.#memberEnd(index, which + 1)), 'a dirtree');
  }

  /** True for a name that is a single path component. */
  isEntryName(index: number): boolean {
    const bytes = this.#bytes;
    const [start, end] = [this.#entryStart(index), this.#nameEnd(index)];
    const length = end - start;
    if (length === 0 || (length <= 2 && bytes[start] === DOT && bytes[end - 1] === DOT)) return false;
    for (let at = start; at < end; at++) if (bytes[at] === SLASH) return false;
    return true;
  }

  /** Orders a name and one of another list of the dirtree by their bytes: negative, 0 or positive. */
  compareNames(index: number, other: DirtreeList, otherIndex: number): number {
    const bytes = this.#bytes;
    const [a, b] = [this.#entryStart(index), other.#entryStart(otherIndex)];
    const [aLength, bLength] = [this.#nameEnd(index) - a, other.#nameEnd(otherIndex) - b];
    const common = Math.min(aLength, bLength);
    for (let at = 0; at < common; at++) {
      const difference = (bytes[a + at] as number) - (bytes[b + at] as number);
      if (difference !== 0) return difference;
    }
    return aLength - bLength;
  }

  #isNormalEntry(index: number): boolean {
    const [start, end] = [this.#entryStart(index), this.#entryEnd(index)];
    if (end < start || end > this.#bodyEnd || start > this.#bodyEnd) return false;
    const width = offsetWidth(end - start);
    const body = end - start - this.#checksums * width;
    if (body < 0 || chooseWidth(body, this.#checksums) !== width) return false;
    let before = start;
    for (let member = 0; member < this.#checksums; member++) {
      const memberEnd = this.#memberEnd(index, member);
      if (memberEnd < before || memberEnd > start + body) return false;
      before = memberEnd;
    }
    return this.#isText(start, this.#memberEnd(index, 0));
  }

  #isText(start: number, end: number): boolean {
    const bytes = this.#bytes;
    if (end <= start || bytes[end - 1] !== 0) return false;
    let isAscii = true;
    for (let at = start; at < end - 1; at++) {
      const byte = bytes[at] as number;
      if (byte === 0) return false;
      if (byte > 0x7f) isAscii = false;
    }
    return isAscii || isUtf8(bytes.subarray(start, end - 1));
  }

  #entryStart(index: number): number {
    return index === 0 ? this.#start : this.#entryEnd(index - 1);
  }

  #entryEnd(index: number): number {
    return this.#start + offsetAt(this.#bytes, this.#bodyEnd + index * this.#width, this.#width);
  }

  /** Without the NUL. */
  #nameEnd(index: number): number {
    return this.#memberEnd(index, 0) - 1;
  }

  /** Of the name, 0, or a checksum, from 1. */
  #memberEnd(index: number, member: number): number {
    const [start, end] = [this.#entryStart(index), this.#entryEnd(index)];
    const width = offsetWidth(end - start);
    if (member === this.#checksums) return end - this.#checksums * width;
    return start + offsetAt(this.#bytes, end - (member + 1) * width, width);
  }
}

/** Most dirtrees are small. */
function offsetAt(bytes: Buffer, at: number, width: number): number {
  if (width === 1) return bytes[at] as number;
  if (width === 2) return (bytes[at] as number) | ((bytes[at + 1] as number) << 8);
  return readOffset(bytes, at, width);
}
