/**
 * The symbols of LZMA: literals, matches, and matches at one of the four distances used last.
 *
 * Format: LZMA specification of the LZMA SDK, and liblzma's lzma_encoder.c.
 */
import { CONTENT } from './memory';
import {
  encodeBit,
  encodeDirect,
  encodeReverseTree,
  encodeTree,
  encodeUnlike,
  forgetProbabilities,
} from './range-encoder';

const LITERAL_CONTEXT_BITS: u32 = 3;
const POSITION_BITS: u32 = 2;
const POSITION_MASK: u32 = (1 << POSITION_BITS) - 1;
/** lc, lp (0) and pb in one byte, as chunks of LZMA2 announce them. */
export const PROPERTIES: u32 = POSITION_BITS * 45 + LITERAL_CONTEXT_BITS;

/** Where the probabilities of each kind of decision begin. */
const IS_MATCH: usize = 0;
const IS_REP: usize = IS_MATCH + 12 * 16;
const IS_REP_0: usize = IS_REP + 12;
const IS_REP_1: usize = IS_REP_0 + 12;
const IS_REP_2: usize = IS_REP_1 + 12;
const IS_REP_0_LONG: usize = IS_REP_2 + 12;
const MATCH_LENGTH: usize = IS_REP_0_LONG + 12 * 16;
/** Within those of lengths, after the first choice. */
const LENGTH_CHOICE_2: usize = 1;
const LENGTH_LOW: usize = 2;
const LENGTH_MIDDLE: usize = LENGTH_LOW + 16 * 8;
const LENGTH_HIGH: usize = LENGTH_MIDDLE + 16 * 8;
const REP_LENGTH: usize = MATCH_LENGTH + LENGTH_HIGH + 256;
const SLOTS: usize = REP_LENGTH + LENGTH_HIGH + 256;
const SPECIAL: usize = SLOTS + 4 * 64;
const ALIGN: usize = SPECIAL + 128;
const LITERALS: usize = ALIGN + 16;
const LITERAL_SIZE: usize = 0x300;
const ALL: usize = LITERALS + (LITERAL_SIZE << LITERAL_CONTEXT_BITS);

const LEAST_LENGTH: u32 = 2;
export const LONGEST_MATCH: u32 = LEAST_LENGTH + 8 + 8 + 255;
/** From this state on, the symbol before was a match. */
const AFTER_MATCH: u32 = 7;

let state: u32 = 0;
/** The distances used last. */
export let rep0: u32 = 1;
export let rep1: u32 = 1;
export let rep2: u32 = 1;
export let rep3: u32 = 1;

/** Begins as if nothing was encoded before. */
export function forgetSymbols(): void {
  forgetProbabilities(ALL);
  state = 0;
  rep0 = 1;
  rep1 = 1;
  rep2 = 1;
  rep3 = 1;
}

/** The byte at `at`. */
export function encodeLiteral(at: u32): void {
  const byte: u32 = load<u8>(CONTENT + at);
  const before: u32 = at === 0 ? 0 : load<u8>(CONTENT + at - 1);
  const base = LITERALS + LITERAL_SIZE * (before >> (8 - LITERAL_CONTEXT_BITS));
  encodeBit(IS_MATCH + placeOf(at), 0);
  if (state < AFTER_MATCH) {
    encodeTree(base, 8, byte);
    state = state < 4 ? 0 : state - 3;
  } else {
    encodeUnlike(base, byte, load<u8>(CONTENT + at - rep0));
    state = state < 10 ? state - 3 : state - 6;
  }
}

/** A single byte at `at` that is as at the last distance. */
export function encodeShortRep(at: u32): void {
  encodeBit(IS_MATCH + placeOf(at), 1);
  encodeBit(IS_REP + state, 1);
  encodeBit(IS_REP_0 + state, 0);
  encodeBit(IS_REP_0_LONG + placeOf(at), 0);
  state = state < AFTER_MATCH ? 9 : 11;
}

/** `length` bytes at `at` that are as `distance` bytes before. */
export function encodeMatch(at: u32, distance: u32, length: u32): void {
  encodeBit(IS_MATCH + placeOf(at), 1);
  const isRep = distance === rep0 || distance === rep1 || distance === rep2 || distance === rep3;
  encodeBit(IS_REP + state, isRep ? 1 : 0);
  if (isRep) {
    encodeRep(at, distance);
    encodeLength(REP_LENGTH, at, length);
    state = state < AFTER_MATCH ? 8 : 11;
  } else {
    encodeLength(MATCH_LENGTH, at, length);
    encodeDistance(distance - 1, length);
    rep3 = rep2;
    rep2 = rep1;
    rep1 = rep0;
    rep0 = distance;
    state = state < AFTER_MATCH ? 7 : 10;
  }
}

/** Which of the last distances it is; makes it the last one. */
function encodeRep(at: u32, distance: u32): void {
  if (distance === rep0) {
    encodeBit(IS_REP_0 + state, 0);
    encodeBit(IS_REP_0_LONG + placeOf(at), 1);
    return;
  }
  encodeBit(IS_REP_0 + state, 1);
  if (distance === rep1) encodeBit(IS_REP_1 + state, 0);
  else {
    encodeBit(IS_REP_1 + state, 1);
    if (distance === rep2) encodeBit(IS_REP_2 + state, 0);
    else {
      encodeBit(IS_REP_2 + state, 1);
      rep3 = rep2;
    }
    rep2 = rep1;
  }
  rep1 = rep0;
  rep0 = distance;
}

function encodeLength(base: usize, at: u32, length: u32): void {
  const value = length - LEAST_LENGTH;
  const position = (at & POSITION_MASK) * 8;
  encodeBit(base, value < 8 ? 0 : 1);
  if (value < 8) encodeTree(base + LENGTH_LOW + position, 3, value);
  else {
    encodeBit(base + LENGTH_CHOICE_2, value < 16 ? 0 : 1);
    if (value < 16) encodeTree(base + LENGTH_MIDDLE + position, 3, value - 8);
    else encodeTree(base + LENGTH_HIGH, 8, value - 16);
  }
}

/** `distance` counts from 0. */
function encodeDistance(distance: u32, length: u32): void {
  const slots = SLOTS + 64 * min(length - LEAST_LENGTH, 3);
  if (distance < 4) {
    encodeTree(slots, 6, distance);
    return;
  }
  const top: u32 = 31 - clz(distance);
  const slot = 2 * top + ((distance >> (top - 1)) & 1);
  encodeTree(slots, 6, slot);
  const count = top - 1;
  const base: u32 = (2 | (slot & 1)) << count;
  if (slot < 14) encodeReverseTree(SPECIAL + base - slot - 1, count, distance - base);
  else {
    encodeDirect(count - 4, (distance - base) >> 4);
    encodeReverseTree(ALIGN, 4, distance & 15);
  }
}

function placeOf(at: u32): usize {
  return (state << 4) + (at & POSITION_MASK);
}
