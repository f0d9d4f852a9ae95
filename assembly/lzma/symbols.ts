/**
 * The symbols of LZMA: literals, matches, and matches at one of the four distances used last. Each function
 * lists the decisions of a symbol, and returns the end of the list.
 *
 * Format: LZMA specification of the LZMA SDK, and liblzma's lzma_encoder.c.
 */

import {
  forgetProbabilities,
  listBit,
  listByte,
  listDirect,
  listReverseTree,
  listReverseTree4,
  listTree3,
  listTree6,
  listUnlike,
} from './decisions';
import { CONTENT } from './memory';

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
export function listLiteral(list: usize, at: u32): usize {
  const byte: u32 = load<u8>(CONTENT + at);
  const before: u32 = at === 0 ? 0 : load<u8>(CONTENT + at - 1);
  const base = LITERALS + LITERAL_SIZE * (before >> (8 - LITERAL_CONTEXT_BITS));
  list = listBit(list, IS_MATCH + placeOf(at), 0);
  if (state < AFTER_MATCH) {
    state = state < 4 ? 0 : state - 3;
    return listByte(list, base, byte);
  }
  state = state < 10 ? state - 3 : state - 6;
  return listUnlike(list, base, byte, load<u8>(CONTENT + at - rep0));
}

/** A single byte at `at` that is as at the last distance. */
export function listShortRep(list: usize, at: u32): usize {
  list = listBit(list, IS_MATCH + placeOf(at), 1);
  list = listBit(list, IS_REP + state, 1);
  list = listBit(list, IS_REP_0 + state, 0);
  list = listBit(list, IS_REP_0_LONG + placeOf(at), 0);
  state = state < AFTER_MATCH ? 9 : 11;
  return list;
}

/** `length` bytes at `at` that are as `distance` bytes before. */
export function listMatch(list: usize, at: u32, distance: u32, length: u32): usize {
  list = listBit(list, IS_MATCH + placeOf(at), 1);
  const isRep = distance === rep0 || distance === rep1 || distance === rep2 || distance === rep3;
  list = listBit(list, IS_REP + state, isRep ? 1 : 0);
  if (isRep) {
    list = listRep(list, at, distance);
    state = state < AFTER_MATCH ? 8 : 11;
    return listLength(list, REP_LENGTH, at, length);
  }
  list = listLength(list, MATCH_LENGTH, at, length);
  rep3 = rep2;
  rep2 = rep1;
  rep1 = rep0;
  rep0 = distance;
  state = state < AFTER_MATCH ? 7 : 10;
  return listDistance(list, distance - 1, length);
}

/** Which of the last distances it is; makes it the last one. */
function listRep(list: usize, at: u32, distance: u32): usize {
  if (distance === rep0) {
    list = listBit(list, IS_REP_0 + state, 0);
    return listBit(list, IS_REP_0_LONG + placeOf(at), 1);
  }
  list = listBit(list, IS_REP_0 + state, 1);
  if (distance === rep1) list = listBit(list, IS_REP_1 + state, 0);
  else {
    list = listBit(list, IS_REP_1 + state, 1);
    if (distance === rep2) list = listBit(list, IS_REP_2 + state, 0);
    else {
      list = listBit(list, IS_REP_2 + state, 1);
      rep3 = rep2;
    }
    rep2 = rep1;
  }
  rep1 = rep0;
  rep0 = distance;
  return list;
}

function listLength(list: usize, base: usize, at: u32, length: u32): usize {
  const value = length - LEAST_LENGTH;
  const position = (at & POSITION_MASK) * 8;
  list = listBit(list, base, value < 8 ? 0 : 1);
  if (value < 8) return listTree3(list, base + LENGTH_LOW + position, value);
  list = listBit(list, base + LENGTH_CHOICE_2, value < 16 ? 0 : 1);
  if (value < 16) return listTree3(list, base + LENGTH_MIDDLE + position, value - 8);
  return listByte(list, base + LENGTH_HIGH, value - 16);
}

/** `distance` counts from 0. */
function listDistance(list: usize, distance: u32, length: u32): usize {
  const slots = SLOTS + 64 * min(length - LEAST_LENGTH, 3);
  if (distance < 4) return listTree6(list, slots, distance);
  const top: u32 = 31 - clz(distance);
  const slot = 2 * top + ((distance >> (top - 1)) & 1);
  list = listTree6(list, slots, slot);
  const count = top - 1;
  const base: u32 = (2 | (slot & 1)) << count;
  if (slot < 14) return listReverseTree(list, SPECIAL + base - slot - 1, count, distance - base);
  list = listDirect(list, count - 4, (distance - base) >> 4);
  return listReverseTree4(list, ALIGN, distance & 15);
}

function placeOf(at: u32): usize {
  return (state << 4) + (at & POSITION_MASK);
}
