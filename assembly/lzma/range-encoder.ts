/**
 * The range encoder of LZMA, for four chunks side by side: each decision waits for the one before in its
 * chunk, so that one chunk would leave most of the processor idle. Decisions are encoded without branches on
 * their values, because processors cannot predict those; a carry goes straight into the bytes that were
 * written.
 *
 * Format: LZMA specification of the LZMA SDK (lzma-specification.txt), and liblzma's range_encoder.h.
 */
import { ENCODERS, LIST_BYTES, LISTS, OUTPUT, OUTPUT_BYTES, ROWS } from './memory';

const TOP_SHIFT: u32 = 24;
const PROBABILITY_BITS: u32 = 11;
const PROBABILITY: i32 = (1 << PROBABILITY_BITS) - 1;
const ENTRY_BYTES: usize = 2;
const ROW_BYTES: usize = 8;
/** Decisions of a lane that are encoded in one go. */
export const ROUND: usize = 8;
/** Of the range encoders: where the next byte goes, then the lower ends, then the ranges. */
const LOW: usize = 16;
const RANGE: usize = 32;

/** Begins all chunks, `header` bytes behind their places, and encodes the first `count` decisions of each. */
export function encodeLanes(header: usize, count: usize): void {
  let next = i32x4.mul(i32x4(0, 1, 2, 3), i32x4.splat(<i32>OUTPUT_BYTES));
  next = i32x4.add(next, i32x4.splat(<i32>(OUTPUT + header)));
  let low = i32x4.splat(0);
  let range = i32x4.splat(-1);
  const zero = i32x4.splat(0);
  // Decoders expect an empty byte first, into which a carry could go.
  storeBytes(next, zero);
  next = i32x4.add(next, i32x4.splat(1));
  for (let at: usize = 0; at < count * ENTRY_BYTES; at += ROUND * ENTRY_BYTES) {
    orderRows(at);
    for (let row = ROWS; row < ROWS + ROUND * ROW_BYTES; row += ROW_BYTES) {
      const entry = v128.load16x4_s(row);
      const mask = i32x4.shr_s(entry, 31);
      const probability = v128.and(entry, i32x4.splat(PROBABILITY));
      const isEven = i32x4.eq(probability, zero);
      const part = i32x4.mul(i32x4.shr_u(range, PROBABILITY_BITS), probability);
      const bound = v128.or(part, v128.and(i32x4.shr_u(range, 1), isEven));
      // With even odds both values get the lower half.
      const lost = v128.and(range, i32x4.shr_u(isEven, 31));
      const change = i32x4.sub(range, i32x4.add(bound, i32x4.add(bound, lost)));
      const rest = i32x4.add(bound, v128.and(change, mask));
      const sum = i32x4.add(low, v128.and(bound, mask));
      const carries = i32x4.lt_u(sum, low);
      if (v128.any_true(carries)) carryLanes(carries, next);
      storeBytes(next, sum);
      const isSmall = i32x4.eq(i32x4.shr_u(rest, TOP_SHIFT), zero);
      next = i32x4.sub(next, isSmall);
      low = v128.bitselect(i32x4.shl(sum, 8), sum, isSmall);
      range = v128.bitselect(i32x4.shl(rest, 8), rest, isSmall);
    }
  }
  v128.store(ENCODERS, next);
  v128.store(ENCODERS, low, LOW);
  v128.store(ENCODERS, range, RANGE);
}

/** Encodes the other decisions of one chunk, and ends it; returns its end. */
export function finishLane(lane: usize, list: usize, end: usize): usize {
  const encoder = ENCODERS + 4 * lane;
  let next: usize = load<u32>(encoder);
  let low = load<u32>(encoder, LOW);
  let range = load<u32>(encoder, RANGE);
  for (; list < end; list += ENTRY_BYTES) {
    const entry = <u32>load<i16>(list);
    const mask = <u32>(<i32>entry >> 31);
    const probability = entry & PROBABILITY;
    const half = range >> 1;
    const bound = select<u32>((range >> PROBABILITY_BITS) * probability, half, probability);
    const above = select<u32>(range - bound, half, probability);
    const rest = select<u32>(above, bound, mask);
    const sum = low + (bound & mask);
    if (sum < low) carry(next);
    store<u8>(next, sum >> TOP_SHIFT);
    const isSmall: u32 = rest >> TOP_SHIFT === 0 ? 1 : 0;
    next += isSmall;
    low = select<u32>(sum << 8, sum, isSmall);
    range = select<u32>(rest << 8, rest, isSmall);
  }
  // What is pending.
  for (let count = 0; count < 4; count++) {
    store<u8>(next, low >> TOP_SHIFT);
    next += 1;
    low <<= 8;
  }
  return next;
}

/** Puts the decisions of all lists that are `at` bytes behind their starts into rows. */
function orderRows(at: usize): void {
  const list = LISTS + at;
  const a = v128.load(list);
  const b = v128.load(list + LIST_BYTES);
  const c = v128.load(list + 2 * LIST_BYTES);
  const d = v128.load(list + 3 * LIST_BYTES);
  const ab = v128.shuffle<i16>(a, b, 0, 8, 1, 9, 2, 10, 3, 11);
  const cd = v128.shuffle<i16>(c, d, 0, 8, 1, 9, 2, 10, 3, 11);
  v128.store(ROWS, v128.shuffle<i32>(ab, cd, 0, 4, 1, 5));
  v128.store(ROWS, v128.shuffle<i32>(ab, cd, 2, 6, 3, 7), 16);
  const ab2 = v128.shuffle<i16>(a, b, 4, 12, 5, 13, 6, 14, 7, 15);
  const cd2 = v128.shuffle<i16>(c, d, 4, 12, 5, 13, 6, 14, 7, 15);
  v128.store(ROWS, v128.shuffle<i32>(ab2, cd2, 0, 4, 1, 5), 32);
  v128.store(ROWS, v128.shuffle<i32>(ab2, cd2, 2, 6, 3, 7), 48);
}

/** The highest byte of each word, where each lane's next byte goes. */
function storeBytes(next: v128, words: v128): void {
  v128.store8_lane(i32x4.extract_lane(next, 0), words, 3);
  v128.store8_lane(i32x4.extract_lane(next, 1), words, 7);
  v128.store8_lane(i32x4.extract_lane(next, 2), words, 11);
  v128.store8_lane(i32x4.extract_lane(next, 3), words, 15);
}

function carryLanes(carries: v128, next: v128): void {
  if (i32x4.extract_lane(carries, 0)) carry(i32x4.extract_lane(next, 0));
  if (i32x4.extract_lane(carries, 1)) carry(i32x4.extract_lane(next, 1));
  if (i32x4.extract_lane(carries, 2)) carry(i32x4.extract_lane(next, 2));
  if (i32x4.extract_lane(carries, 3)) carry(i32x4.extract_lane(next, 3));
}

function carry(end: usize): void {
  let at = end - 1;
  while (load<u8>(at) === 0xff) {
    store<u8>(at, 0);
    at -= 1;
  }
  store<u8>(at, load<u8>(at) + 1);
}
