/**
 * The range encoder of LZMA: binary decisions, each with a probability that adapts. Decisions are coded
 * without branches on their values, because processors cannot predict those; a carry goes straight into the
 * bytes that were written. Loops keep the state in local variables, which are registers.
 *
 * Format: LZMA specification of the LZMA SDK (lzma-specification.txt), and liblzma's range_encoder.h.
 */
import { PROBABILITIES } from './memory';

const TOP: u32 = 0x1000000;
const PROBABILITY_BITS: u32 = 11;
const ONE: u32 = 1 << PROBABILITY_BITS;
const MOVE_BITS: u32 = 5;
/** Rounds a probability's way down as a shift rounds its way up. */
const ROUND: u32 = (1 << MOVE_BITS) - 1;

let range: u32 = 0;
let low: u32 = 0;
/** Where the next byte goes. */
let next: usize = 0;

/** Makes the probabilities of `count` decisions even. */
export function forgetProbabilities(count: usize): void {
  for (let index: usize = 0; index < count; index++) store<u16>(PROBABILITIES + (index << 1), ONE / 2);
}

/** Begins a run of decisions, written to `output`. */
export function beginRange(output: usize): void {
  range = 0xffffffff;
  low = 0;
  // Decoders expect an empty byte first, into which a carry could go.
  store<u8>(output, 0);
  next = output + 1;
}

/** Where the next byte goes, but for four that are pending. */
export function rangeEnd(): usize {
  return next;
}

/** Writes what is pending. */
export function finishRange(): void {
  for (let count = 0; count < 4; count++) {
    store<u8>(next, low >> 24);
    next += 1;
    low <<= 8;
  }
}

/** One decision, by the probability at `index`. */
export function encodeBit(index: usize, bit: u32): void {
  const place = PROBABILITIES + (index << 1);
  const probability: u32 = load<u16>(place);
  const bound = (range >> PROBABILITY_BITS) * probability;
  const mask: u32 = 0 - bit;
  store<u16>(place, moved(probability, mask));
  const sum = low + (bound & mask);
  const rest = (bound & ~mask) | ((range - bound) & mask);
  if (sum < low) carry(next);
  if (rest < TOP) {
    store<u8>(next, sum >> 24);
    next += 1;
    low = sum << 8;
    range = rest << 8;
  } else {
    low = sum;
    range = rest;
  }
}

/** The lowest `count` bits of `value`, the highest first, in a tree of decisions. */
export function encodeTree(base: usize, count: u32, value: u32): void {
  let localRange = range;
  let localLow = low;
  let at = next;
  let node: u32 = 1;
  for (let shift: i32 = count - 1; shift >= 0; shift--) {
    const bit = (value >> shift) & 1;
    const place = PROBABILITIES + ((base + node) << 1);
    const probability: u32 = load<u16>(place);
    const bound = (localRange >> PROBABILITY_BITS) * probability;
    const mask: u32 = 0 - bit;
    store<u16>(place, moved(probability, mask));
    node = (node << 1) | bit;
    const sum = localLow + (bound & mask);
    localRange = (bound & ~mask) | ((localRange - bound) & mask);
    if (sum < localLow) carry(at);
    localLow = sum;
    if (localRange < TOP) {
      store<u8>(at, localLow >> 24);
      at += 1;
      localLow <<= 8;
      localRange <<= 8;
    }
  }
  range = localRange;
  low = localLow;
  next = at;
}

/** Like {@link encodeTree}, the lowest bit first. */
export function encodeReverseTree(base: usize, count: u32, value: u32): void {
  let node: u32 = 1;
  for (let shift: u32 = 0; shift < count; shift++) {
    const bit = (value >> shift) & 1;
    encodeBit(base + node, bit);
    node = (node << 1) | bit;
  }
}

/** A byte of which `other` is known not to be it; the decisions know the bits of `other` up to the first that differs. */
export function encodeUnlike(base: usize, byte: u32, other: u32): void {
  let localRange = range;
  let localLow = low;
  let at = next;
  let offset: u32 = 0x100;
  let symbol = byte | 0x100;
  let rest = other;
  while (symbol < 0x10000) {
    rest <<= 1;
    const place = PROBABILITIES + ((base + offset + (rest & offset) + (symbol >> 8)) << 1);
    const probability: u32 = load<u16>(place);
    const bound = (localRange >> PROBABILITY_BITS) * probability;
    const mask: u32 = 0 - ((symbol >> 7) & 1);
    store<u16>(place, moved(probability, mask));
    symbol <<= 1;
    offset &= ~(rest ^ symbol);
    const sum = localLow + (bound & mask);
    localRange = (bound & ~mask) | ((localRange - bound) & mask);
    if (sum < localLow) carry(at);
    localLow = sum;
    if (localRange < TOP) {
      store<u8>(at, localLow >> 24);
      at += 1;
      localLow <<= 8;
      localRange <<= 8;
    }
  }
  range = localRange;
  low = localLow;
  next = at;
}

/** The lowest `count` bits of `value` with even odds. */
export function encodeDirect(count: u32, value: u32): void {
  for (let shift: i32 = count - 1; shift >= 0; shift--) {
    range >>= 1;
    const sum = low + (range & (0 - ((value >> shift) & 1)));
    if (sum < low) carry(next);
    low = sum;
    if (range < TOP) {
      store<u8>(next, low >> 24);
      next += 1;
      low <<= 8;
      range <<= 8;
    }
  }
}

/** The probability after a decision: 1 if `mask` is all ones, 0 if it is none. */
function moved(probability: u32, mask: u32): u32 {
  return probability + <u32>(<i32>((ONE & ~mask) - probability + (mask & ROUND)) >> MOVE_BITS);
}

function carry(end: usize): void {
  let at = end - 1;
  while (load<u8>(at) === 0xff) {
    store<u8>(at, 0);
    at -= 1;
  }
  store<u8>(at, load<u8>(at) + 1);
}
