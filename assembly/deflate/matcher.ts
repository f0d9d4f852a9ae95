/**
 * Finds matches as fast as can be: at the two last places with the same hash of four bytes. A match is taken
 * as it is found, unless a longer one begins a byte later.
 */
import { commonLength } from '../common-length';
import { countAt, forgetCounts, LENGTH_SHIFT, MATCH, putBlock } from './block';
import { CONTENT, DISTANCE_COUNTS, LITERAL_COUNTS, MOST_TOKENS, TABLE, TABLE_BITS, TOKENS } from './memory';
import { distanceSymbol, END_OF_BLOCK, LEAST_LENGTH, LONGEST_MATCH, lengthSymbol, WINDOW } from './symbols';

const ENTRY_BYTES: usize = 8;
const OLDER: usize = 4;
const FACTOR: u32 = 0x9e3779b1;
/** In a match, every second position is remembered. */
const MATCHED_STEP = 2;
/** A match that is so long is taken without looking for a longer one. */
const NICE_LENGTH: u32 = 24;

/** Added to positions, so that the table need not be emptied between contents. */
let base: u32 = WINDOW + 1;

let distanceFound: u32 = 0;

/** Compresses what is at `CONTENT` from `start` to `end`; matches may reach into what is before. */
export function compress(start: u32, end: u32, isLast: bool): void {
  if (base > 0x70000000) {
    memory.fill(TABLE, 0, ENTRY_BYTES << TABLE_BITS);
    base = WINDOW + 1;
  }
  const last: i32 = <i32>end - 8;
  for (let at: i32 = 0; at < <i32>start && at < last; at++) remember(at);
  forgetCounts();
  let from = start;
  let position = start;
  let token: usize = TOKENS;
  const mostTokens = TOKENS + ((<usize>(MOST_TOKENS - 2)) << 2);
  while (position < end) {
    let length: u32 = 0;
    if (<i32>position <= last) {
      length = find(position, end);
      let distance = distanceFound;
      if (length !== 0) {
        while (length < NICE_LENGTH && <i32>position < last) {
          const next = find(position + 1, end);
          if (next <= length) break;
          token = putLiteral(token, load<u8>(CONTENT + position));
          position += 1;
          length = next;
          distance = distanceFound;
        }
        countAt(LITERAL_COUNTS, END_OF_BLOCK + 1 + lengthSymbol(length - LEAST_LENGTH));
        countAt(DISTANCE_COUNTS, distanceSymbol(distance - 1));
        store<u32>(token, MATCH | ((length - LEAST_LENGTH) << LENGTH_SHIFT) | (distance - 1));
        token += 4;
        const stop = min(<i32>(position + length), last);
        for (let at = <i32>position + 2; at < stop; at += MATCHED_STEP) remember(at);
        position += length;
      }
    }
    if (length === 0) {
      token = putLiteral(token, load<u8>(CONTENT + position));
      position += 1;
    }
    if (token >= mostTokens) {
      putBlock(CONTENT + from, CONTENT + position, <u32>((token - TOKENS) >> 2), isLast && position >= end);
      forgetCounts();
      from = position;
      token = TOKENS;
    }
  }
  if (token > TOKENS || start === end)
    putBlock(CONTENT + from, CONTENT + position, <u32>((token - TOKENS) >> 2), isLast);
  base += end + WINDOW + 1;
}

function putLiteral(token: usize, byte: u32): usize {
  countAt(LITERAL_COUNTS, byte);
  store<u32>(token, byte);
  return token + 4;
}

/** The length of the longest match at a position, 0 if there is none; its distance is `distanceFound`. */
function find(at: u32, end: u32): u32 {
  const word = load<u32>(CONTENT + at);
  const entry = entryOf(word);
  const place = base + at;
  const newer = load<u32>(entry);
  const older = load<u32>(entry, OLDER);
  store<u32>(entry, place);
  store<u32>(entry, newer, OLDER);
  let length: u32 = 0;
  let distance = place - newer;
  const most = min(LONGEST_MATCH, end - at);
  if (distance <= WINDOW) {
    if (load<u32>(CONTENT + at - distance) === word) {
      length = sameLength(at, distance, most);
      distanceFound = distance;
      if (length >= NICE_LENGTH) return length;
    }
    distance = place - older;
    if (distance <= WINDOW && load<u32>(CONTENT + at - distance) === word) {
      const other = sameLength(at, distance, most);
      if (other > length) {
        length = other;
        distanceFound = distance;
      }
    }
  }
  return length;
}

function remember(at: u32): void {
  const entry = entryOf(load<u32>(CONTENT + at));
  store<u32>(entry, load<u32>(entry), OLDER);
  store<u32>(entry, base + at);
}

/** How many bytes are the same as at this distance; the first four are. */
function sameLength(at: u32, distance: u32, most: u32): u32 {
  return commonLength(CONTENT + at, CONTENT + at - distance, most);
}

function entryOf(word: u32): usize {
  return TABLE + <usize>((word * FACTOR) >> (32 - TABLE_BITS)) * ENTRY_BYTES;
}
