/**
 * Writes a block with codes of its own (RFC 1951, §3.2.7) for the tokens that were counted. A token is a
 * literal, or a match: the upper bit, the length less 3 in eight bits, the distance less 1 in fifteen.
 */
import { align, bitsEnd, pendingBits, pendingCount, putBits, resumeBits } from './bits';
import { makeCode } from './code';
import {
  DISTANCE_CODES,
  DISTANCE_COUNTS,
  HEADER,
  LENGTH_CODES,
  LENGTH_COUNTS,
  LITERAL_CODES,
  LITERAL_COUNTS,
  TOKENS,
} from './memory';
import {
  DISTANCES,
  distanceExtraBits,
  distanceSymbol,
  END_OF_BLOCK,
  LITERALS,
  lengthExtraBits,
  lengthSymbol,
} from './symbols';

export const MATCH: u32 = 0x80000000;
export const LENGTH_SHIFT: u32 = 15;

const MOST_BITS: u32 = 15;
const MOST_STORED: u32 = 0xffff;
const DYNAMIC: u32 = 2;
/** The code of code lengths: its size, its limit, and the order of its lengths. */
const LENGTH_SYMBOLS: u32 = 19;
const MOST_LENGTH_BITS: u32 = 7;
const ORDER = memory.data<u8>([16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15]);
const REPEAT: u32 = 16;
const ZEROS: u32 = 17;
const MANY_ZEROS: u32 = 18;

export function forgetCounts(): void {
  memory.fill(LITERAL_COUNTS, 0, LITERALS << 2);
  memory.fill(DISTANCE_COUNTS, 0, DISTANCES << 2);
}

function valueAt(array: usize, index: u32): u32 {
  return load<u32>(array + ((<usize>index) << 2));
}

export function countAt(array: usize, index: u32): void {
  const place = array + ((<usize>index) << 2);
  store<u32>(place, load<u32>(place) + 1);
}

/** Writes the block of the bytes from `from` to `to`: compressed, or stored if that is not longer. */
export function putBlock(from: usize, to: usize, tokens: u32, isLast: bool): void {
  countAt(LITERAL_COUNTS, END_OF_BLOCK);
  makeCode(LITERAL_COUNTS, LITERAL_CODES, LITERALS, MOST_BITS);
  makeCode(DISTANCE_COUNTS, DISTANCE_CODES, DISTANCES, MOST_BITS);
  const literals = usedSize(LITERAL_CODES, LITERALS, 257);
  const distances = usedSize(DISTANCE_CODES, DISTANCES, 1);
  const header = describeCodes(literals, distances);
  makeCode(LENGTH_COUNTS, LENGTH_CODES, LENGTH_SYMBOLS, MOST_LENGTH_BITS);
  if ((headerBits() + bodyBits()) >> 3 >= <u32>(to - from)) putStored(from, to, isLast);
  else {
    putBits(<u32>isLast | (DYNAMIC << 1), 3);
    putHeader(literals, distances, header);
    putTokens(tokens);
  }
}

/** Stored blocks. */
export function putStored(from: usize, to: usize, isLast: bool): void {
  let at = from;
  do {
    const size = min(<u32>(to - at), MOST_STORED);
    putBits(<u32>(isLast && at + size === to), 3);
    align();
    putBits(size | ((size ^ MOST_STORED) << 16), 32);
    const next = bitsEnd();
    memory.copy(next, at, size);
    resumeBits(0, 0, next + size);
    at += size;
  } while (at < to);
}

/** How many symbols there are up to the last with a code. */
function usedSize(codes: usize, size: u32, least: u32): u32 {
  let used = size;
  while (used > least && valueAt(codes, used - 1) === 0) used -= 1;
  return used;
}

/** Bits of the header, at most. */
function headerBits(): u32 {
  let bits: u32 = 3 + 14 + 3 * LENGTH_SYMBOLS;
  for (let symbol: u32 = 0; symbol < LENGTH_SYMBOLS; symbol++)
    bits += valueAt(LENGTH_COUNTS, symbol) * ((valueAt(LENGTH_CODES, symbol) >> 16) + repeatBits(symbol));
  return bits;
}

/** Bits that follow a symbol of the code of code lengths. */
function repeatBits(symbol: u32): u32 {
  if (symbol === REPEAT) return 2;
  if (symbol === ZEROS) return 3;
  return symbol === MANY_ZEROS ? 7 : 0;
}

/** Bits of the tokens. */
function bodyBits(): u32 {
  let bits: u32 = 0;
  for (let symbol: u32 = 0; symbol < LITERALS; symbol++) {
    const extra: u32 = symbol > END_OF_BLOCK ? lengthExtraBits(symbol - END_OF_BLOCK - 1) : 0;
    bits += valueAt(LITERAL_COUNTS, symbol) * ((valueAt(LITERAL_CODES, symbol) >> 16) + extra);
  }
  for (let symbol: u32 = 0; symbol < DISTANCES; symbol++) {
    const extra = distanceExtraBits(symbol);
    bits += valueAt(DISTANCE_COUNTS, symbol) * ((valueAt(DISTANCE_CODES, symbol) >> 16) + extra);
  }
  return bits;
}

function codeLength(index: u32, literals: u32): u32 {
  return (index < literals ? valueAt(LITERAL_CODES, index) : valueAt(DISTANCE_CODES, index - literals)) >> 16;
}

/** Puts the lengths of both codes into `HEADER`, runs shortened: a symbol, and above it what follows. */
function describeCodes(literals: u32, distances: u32): u32 {
  memory.fill(LENGTH_COUNTS, 0, LENGTH_SYMBOLS << 2);
  const all = literals + distances;
  let count: u32 = 0;
  let index: u32 = 0;
  while (index < all) {
    const length = codeLength(index, literals);
    let run: u32 = 1;
    while (index + run < all && run < 138 && codeLength(index + run, literals) === length) run += 1;
    if (length === 0 && run >= 3) {
      count = describe(count, run < 11 ? ZEROS : MANY_ZEROS, run < 11 ? run - 3 : run - 11);
      index += run;
      continue;
    }
    count = describe(count, length, 0);
    index += 1;
    if (length === 0) continue;
    let rest = run - 1;
    while (rest >= 3) {
      const some = min(rest, 6);
      count = describe(count, REPEAT, some - 3);
      index += some;
      rest -= some;
    }
  }
  return count;
}

function describe(count: u32, symbol: u32, extra: u32): u32 {
  store<u16>(HEADER + ((<usize>count) << 1), symbol | (extra << 8));
  countAt(LENGTH_COUNTS, symbol);
  return count + 1;
}

function putHeader(literals: u32, distances: u32, header: u32): void {
  let lengths = LENGTH_SYMBOLS;
  while (lengths > 4 && valueAt(LENGTH_CODES, load<u8>(ORDER + lengths - 1)) === 0) lengths -= 1;
  putBits((literals - 257) | ((distances - 1) << 5) | ((lengths - 4) << 10), 14);
  for (let index: u32 = 0; index < lengths; index++)
    putBits(valueAt(LENGTH_CODES, load<u8>(ORDER + index)) >> 16, 3);
  for (let index: u32 = 0; index < header; index++) {
    const item = load<u16>(HEADER + ((<usize>index) << 1));
    const symbol: u32 = item & 255;
    const code = valueAt(LENGTH_CODES, symbol);
    putBits(code & 0xffff, code >> 16);
    putBits(item >> 8, repeatBits(symbol));
  }
}

function putTokens(tokens: u32): void {
  let bits = pendingBits();
  let count = pendingCount();
  let next = bitsEnd();
  const end = TOKENS + ((<usize>tokens) << 2);
  for (let at = TOKENS; at < end; at += 4) {
    const token = load<u32>(at);
    if (token < MATCH) {
      const code = valueAt(LITERAL_CODES, token);
      bits |= (<u64>(code & 0xffff)) << count;
      count += code >> 16;
    } else {
      const length = (token >> LENGTH_SHIFT) & 255;
      const distance = token & 0x7fff;
      const symbol = lengthSymbol(length);
      const code = valueAt(LITERAL_CODES, END_OF_BLOCK + 1 + symbol);
      bits |= (<u64>(code & 0xffff)) << count;
      count += code >> 16;
      const extra = lengthExtraBits(symbol);
      bits |= (<u64>(length & ((1 << extra) - 1))) << count;
      count += extra;
      const other = distanceSymbol(distance);
      const otherCode = valueAt(DISTANCE_CODES, other);
      bits |= (<u64>(otherCode & 0xffff)) << count;
      count += otherCode >> 16;
      const otherExtra = distanceExtraBits(other);
      bits |= (<u64>(distance & ((1 << otherExtra) - 1))) << count;
      count += otherExtra;
    }
    store<u64>(next, bits);
    next += count >> 3;
    bits >>= count & 56;
    count &= 7;
  }
  resumeBits(bits, count, next);
  const code = valueAt(LITERAL_CODES, END_OF_BLOCK);
  putBits(code & 0xffff, code >> 16);
}
