/**
 * Finds matches as fast as can be: at the four distances used last, and at the two last places with the same
 * hash of four bytes. Every symbol is taken as it is found; what counts as better follows from measurements.
 */
import { commonLength, HASHED_BYTES } from '../common-length';
import { CONTENT, TABLE, TABLE_BITS } from './memory';
import { LONGEST_MATCH, listLiteral, listMatch, listShortRep, rep0, rep1, rep2, rep3 } from './symbols';

const ENTRY_BYTES: usize = 8;
/** Of the older position, in an entry. */
const OLDER: usize = 4;
const FACTOR: u32 = 0x9e3779b1;
/** At least so long a match is taken without looking for another. */
const NICE_LENGTH: u32 = 32;
/** A match elsewhere costs more than one at a distance used before, and is longer by more than this. */
const REP_ADVANTAGE: u32 = 3;
/** A match of four bytes from farther away costs more than four literals. */
const NEAR: u32 = 1024;

let size: u32 = 0;
/** The last position where eight bytes can be read. */
let last: i32 = 0;
let position: u32 = 0;

/** Begins with new content. */
export function beginContent(bytes: u32): void {
  size = bytes;
  last = <i32>bytes - 8;
  position = 0;
  memory.fill(TABLE, 0, ENTRY_BYTES << TABLE_BITS);
}

/** Where the next symbol begins. */
export function contentPosition(): u32 {
  return position;
}

/**
 * Lists the decisions of symbols from `list` on, until a symbol ends at or behind `contentEnd` or `listEnd`;
 * returns the end of the list.
 */
export function listSymbols(list: usize, listEnd: usize, contentEnd: u32): usize {
  while (position < contentEnd && list < listEnd) list = listNext(list);
  return list;
}

function listNext(list: usize): usize {
  const at = position;
  if (<i32>at > last) {
    position = at + 1;
    return listLiteral(list, at);
  }
  const word = load<u32>(CONTENT + at);
  const most = min(LONGEST_MATCH, size - at);
  let distance = rep0;
  let length = lengthAtLastDistance(at, word, most);
  if (length < NICE_LENGTH) {
    const length1 = lengthAt(rep1, at, word, most);
    if (length1 > length) {
      length = length1;
      distance = rep1;
    }
    const length2 = lengthAt(rep2, at, word, most);
    if (length2 > length) {
      length = length2;
      distance = rep2;
    }
    const length3 = lengthAt(rep3, at, word, most);
    if (length3 > length) {
      length = length3;
      distance = rep3;
    }
  }
  if (length < NICE_LENGTH) {
    const entry = entryOf(word);
    const newer = load<u32>(entry);
    const older = load<u32>(entry, OLDER);
    store<u32>(entry, at + 1);
    store<u32>(entry, newer, OLDER);
    let other = at + 1 - newer;
    let found: u32 = newer === 0 ? 0 : lengthAt(other, at, word, most);
    if (found < NICE_LENGTH && older !== 0) {
      const found2 = lengthAt(at + 1 - older, at, word, most);
      if (found2 > found) {
        found = found2;
        other = at + 1 - older;
      }
    }
    if (found > length + (length < 2 ? 0 : REP_ADVANTAGE) && (found > HASHED_BYTES || other < NEAR)) {
      length = found;
      distance = other;
    }
  }
  if (length < 2) {
    position = at + 1;
    return length === 1 ? listShortRep(list, at) : listLiteral(list, at);
  }
  position = at + length;
  remember(at + 1, at + length);
  return listMatch(list, at, distance, length);
}

/** Puts these positions into the table. */
function remember(from: u32, to: u32): void {
  const end = min(<i32>to, last);
  for (let at = <i32>from; at < end; at++) {
    const entry = entryOf(load<u32>(CONTENT + at));
    store<u32>(entry, load<u32>(entry), OLDER);
    store<u32>(entry, at + 1);
  }
}

/** The only match that may be shorter than what is hashed. */
function lengthAtLastDistance(at: u32, word: u32, most: u32): u32 {
  if (rep0 > at) return 0;
  const difference = load<u32>(CONTENT + at - rep0) ^ word;
  return difference === 0 ? sameLength(at, rep0, most) : ctz(difference) >> 3;
}

/** 0 if the first four bytes, which are `word`, are not the same. */
function lengthAt(distance: u32, at: u32, word: u32, most: u32): u32 {
  return distance <= at && load<u32>(CONTENT + at - distance) === word ? sameLength(at, distance, most) : 0;
}

/** How many bytes are the same as at this distance; the first four are. */
function sameLength(at: u32, distance: u32, most: u32): u32 {
  return commonLength(CONTENT + at, CONTENT + at - distance, most);
}

function entryOf(word: u32): usize {
  return TABLE + <usize>((word * FACTOR) >> (32 - TABLE_BITS)) * ENTRY_BYTES;
}
