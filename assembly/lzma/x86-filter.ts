/**
 * The x86 filter of xz (BCJ): makes the targets of calls and jumps absolute, so that those of one function
 * look alike wherever they are. It changes only operands that look like near addresses, and remembers where
 * opcodes were in the bytes before, to tell code from data.
 *
 * Format: liblzma's simple/x86.c, with a start offset of 0.
 */
import { CONTENT } from './memory';

const CALL: u32 = 0xe8;
/** An opcode and its operand. */
const BYTES: u32 = 5;
/** Of the mask: the byte where an opcode was, and whether its operand ended like a near address. */
const OPCODE: u32 = 0x01;
const NEAR_OPERAND: u32 = 0x10;
const KEPT: u32 = 0x77;

/** Filters `size` bytes of the content in place. */
export function filterX86(size: u32): void {
  if (size < BYTES) return;
  let mask: u32 = 0;
  let previous: u32 = 0 - BYTES;
  for (let at: u32 = 0; at <= size - BYTES; ) {
    // 0xe9 is a jump.
    if ((load<u8>(CONTENT + at) & 0xfe) !== CALL) {
      at += 1;
      continue;
    }
    const distance = at - previous;
    previous = at;
    if (distance > BYTES) mask = 0;
    else for (let step: u32 = 0; step < distance; step++) mask = (mask & KEPT) << 1;
    const top: u32 = load<u8>(CONTENT + at + 4);
    const before = mask >> 1;
    if (isNear(top) && before <= 4 && before !== 3) {
      const operand = CONTENT + at + 1;
      store<u32>(operand, absolute(load<u32>(operand), at + BYTES, before));
      at += BYTES;
      mask = 0;
    } else {
      at += 1;
      mask |= isNear(top) ? OPCODE | NEAR_OPERAND : OPCODE;
    }
  }
}

/** The operand of the opcode before `next`; `before` tells where others were, so that it can be undone. */
function absolute(operand: u32, next: u32, before: u32): u32 {
  let target = operand + next;
  if (before === 0) return extended(target);
  // Which byte of the operand the opcode before reaches into: 1, 2, 2 or 3.
  const reached: u32 = before === 1 ? 8 : before === 4 ? 24 : 16;
  while (isNear((target >> (24 - reached)) & 0xff)) target = (target ^ ((1 << (32 - reached)) - 1)) + next;
  return extended(target);
}

/** Targets have 25 bits; the highest is repeated. */
function extended(target: u32): u32 {
  return <u32>(((<i32>target) << 7) >> 7);
}

function isNear(top: u32): bool {
  return top === 0 || top === 0xff;
}
