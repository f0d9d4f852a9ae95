/**
 * The binary decisions of LZMA, each with a probability that adapts, as a list. An entry has the value in the
 * highest bit and the probability before the decision in the lowest 11; 0 stands for even odds. Probabilities
 * do not depend on the range encoder, so that the lists of several chunks can be encoded side by side
 * (range-encoder.ts). Each function returns the end of the list.
 *
 * Format: LZMA specification of the LZMA SDK (lzma-specification.txt), and liblzma's range_encoder.h.
 */
import { PROBABILITIES } from './memory';

const PROBABILITY_BITS: u32 = 11;
const ONE: u32 = 1 << PROBABILITY_BITS;
const MOVE_BITS: u32 = 5;
/** Rounds a probability's way down as a shift rounds its way up. */
const ROUND: u32 = (1 << MOVE_BITS) - 1;
const VALUE_SHIFT: u32 = 15;
const ENTRY_BYTES: usize = 2;

/** Makes the probabilities of `count` decisions even. */
export function forgetProbabilities(count: usize): void {
  for (let index: usize = 0; index < count; index++) store<u16>(PROBABILITIES + (index << 1), ONE / 2);
}

/** One decision, by the probability at `index`. */
export function listBit(list: usize, index: usize, bit: u32): usize {
  const place = placeOf(index);
  const probability: u32 = load<u16>(place);
  store<u16>(list, probability | (bit << VALUE_SHIFT));
  const target = ((0 - bit) & (ONE ^ ROUND)) ^ ONE;
  store<u16>(place, probability + <u32>(<i32>(target - probability) >> MOVE_BITS));
  return list + ENTRY_BYTES;
}

/** The lowest three bits of `value`, the highest first, in a tree of decisions. */
export function listTree3(list: usize, base: usize, value: u32): usize {
  const symbol = value | 8;
  list = listBit(list, base + 1, value >> 2);
  list = listBit(list, base + (symbol >> 2), (value >> 1) & 1);
  return listBit(list, base + (symbol >> 1), value & 1);
}

/** Like {@link listTree3}, of six bits. */
export function listTree6(list: usize, base: usize, value: u32): usize {
  const symbol = value | 64;
  list = listBit(list, base + 1, value >> 5);
  list = listBit(list, base + (symbol >> 5), (value >> 4) & 1);
  list = listBit(list, base + (symbol >> 4), (value >> 3) & 1);
  list = listBit(list, base + (symbol >> 3), (value >> 2) & 1);
  list = listBit(list, base + (symbol >> 2), (value >> 1) & 1);
  return listBit(list, base + (symbol >> 1), value & 1);
}

/** Four bits of `value`, the lowest first. */
export function listReverseTree4(list: usize, base: usize, value: u32): usize {
  const bit0 = value & 1;
  const bit1 = (value >> 1) & 1;
  const bit2 = (value >> 2) & 1;
  list = listBit(list, base + 1, bit0);
  list = listBit(list, base + (2 | bit0), bit1);
  list = listBit(list, base + (4 | (bit0 << 1) | bit1), bit2);
  return listBit(list, base + (8 | (bit0 << 2) | (bit1 << 1) | bit2), value >> 3);
}

/** The lowest `count` bits of `value`, the lowest first. */
export function listReverseTree(list: usize, base: usize, count: u32, value: u32): usize {
  let node: u32 = 1;
  for (let shift: u32 = 0; shift < count; shift++) {
    const bit = (value >> shift) & 1;
    list = listBit(list, base + node, bit);
    node = (node << 1) | bit;
  }
  return list;
}

/** Like {@link listTree3}, of eight bits. */
export function listByte(list: usize, base: usize, byte: u32): usize {
  const symbol = byte | 0x100;
  return listEight(
    list,
    byte,
    placeOf(base + 1),
    placeOf(base + (symbol >> 7)),
    placeOf(base + (symbol >> 6)),
    placeOf(base + (symbol >> 5)),
    placeOf(base + (symbol >> 4)),
    placeOf(base + (symbol >> 3)),
    placeOf(base + (symbol >> 2)),
    placeOf(base + (symbol >> 1)),
  );
}

/** A byte of which `other` is known not to be it; the decisions know the bits of `other` up to the first that differs. */
export function listUnlike(list: usize, base: usize, byte: u32, other: u32): usize {
  const bits = i16x8(128, 64, 32, 16, 8, 4, 2, 1);
  const above = i16x8(0, 128, 192, 224, 240, 248, 252, 254);
  const isSame = i16x8.eq(v128.and(i16x8.splat(<i16>(byte ^ other)), above), i16x8.splat(0));
  const isSet = i16x8.eq(v128.and(i16x8.splat(<i16>other), bits), bits);
  const tree = i16x8.splat(0x100);
  const trees = v128.and(isSame, i16x8.add(tree, v128.and(isSet, tree)));
  const symbol = byte | 0x100;
  return listEight(
    list,
    byte,
    placeOf(base + 1 + <usize>i16x8.extract_lane_u(trees, 0)),
    placeOf(base + (symbol >> 7) + <usize>i16x8.extract_lane_u(trees, 1)),
    placeOf(base + (symbol >> 6) + <usize>i16x8.extract_lane_u(trees, 2)),
    placeOf(base + (symbol >> 5) + <usize>i16x8.extract_lane_u(trees, 3)),
    placeOf(base + (symbol >> 4) + <usize>i16x8.extract_lane_u(trees, 4)),
    placeOf(base + (symbol >> 3) + <usize>i16x8.extract_lane_u(trees, 5)),
    placeOf(base + (symbol >> 2) + <usize>i16x8.extract_lane_u(trees, 6)),
    placeOf(base + (symbol >> 1) + <usize>i16x8.extract_lane_u(trees, 7)),
  );
}

/** The lowest `count` bits of `value` with even odds. */
export function listDirect(list: usize, count: u32, value: u32): usize {
  for (let shift: i32 = count - 1; shift >= 0; shift--) {
    store<u16>(list, ((value >> shift) & 1) << VALUE_SHIFT);
    list += ENTRY_BYTES;
  }
  return list;
}

/** The bits of a byte at once, whose probabilities are at different places. */
function listEight(
  list: usize,
  byte: u32,
  place0: usize,
  place1: usize,
  place2: usize,
  place3: usize,
  place4: usize,
  place5: usize,
  place6: usize,
  place7: usize,
): usize {
  let probability = v128.load16_splat(place0);
  probability = v128.load16_lane(place1, probability, 1);
  probability = v128.load16_lane(place2, probability, 2);
  probability = v128.load16_lane(place3, probability, 3);
  probability = v128.load16_lane(place4, probability, 4);
  probability = v128.load16_lane(place5, probability, 5);
  probability = v128.load16_lane(place6, probability, 6);
  probability = v128.load16_lane(place7, probability, 7);
  const bits = i16x8(128, 64, 32, 16, 8, 4, 2, 1);
  const isSet = i16x8.eq(v128.and(i16x8.splat(<i16>byte), bits), bits);
  v128.store(list, v128.or(probability, i16x8.shl(isSet, VALUE_SHIFT)));
  const one = i16x8.splat(<i16>ONE);
  const target = v128.xor(v128.and(isSet, i16x8.splat(<i16>(ONE ^ ROUND))), one);
  probability = i16x8.add(probability, i16x8.shr_s(i16x8.sub(target, probability), MOVE_BITS));
  v128.store16_lane(place0, probability, 0);
  v128.store16_lane(place1, probability, 1);
  v128.store16_lane(place2, probability, 2);
  v128.store16_lane(place3, probability, 3);
  v128.store16_lane(place4, probability, 4);
  v128.store16_lane(place5, probability, 5);
  v128.store16_lane(place6, probability, 6);
  v128.store16_lane(place7, probability, 7);
  return list + 8 * ENTRY_BYTES;
}

function placeOf(index: usize): usize {
  return PROBABILITIES + (index << 1);
}
