/**
 * The x86 filter of xz (BCJ): makes the targets of calls and jumps absolute, so that those of one function
 * look alike wherever they are. It changes operands only that look like near addresses, and keeps a mask of
 * opcodes in the bytes before, to tell code from data.
 *
 * Format: liblzma's simple/x86.c, with a start offset of 0.
 */
const CALL = 0xe8;
const OPERAND_BYTES = 4;
/** Masks with which an operand may be changed. */
const ALLOWED: readonly boolean[] = [true, true, true, false, true, false, false, false];
/** Which byte of the operand the opcode before reaches into, by mask. */
const REACHED: readonly number[] = [0, 1, 2, 2, 3];

/** Filters code in place. */
export function filterX86(code: Uint8Array): void {
  const view = new DataView(code.buffer, code.byteOffset, code.length);
  const last = code.length - OPERAND_BYTES - 1;
  let previous = -5;
  let mask = 0;
  for (let at = 0; at <= last; ) {
    if (((code[at] as number) & 0xfe) !== CALL) {
      at += 1;
      continue;
    }
    mask = at - previous > 5 ? 0 : shifted(mask, at - previous);
    previous = at;
    const top = code[at + OPERAND_BYTES] as number;
    if (isNear(top) && ALLOWED[mask >> 1] === true) {
      view.setInt32(at + 1, absolute(view.getInt32(at + 1, true), at + 1 + OPERAND_BYTES, mask), true);
      at += 1 + OPERAND_BYTES;
      mask = 0;
    } else {
      at += 1;
      mask |= isNear(top) ? 0x11 : 1;
    }
  }
}

function shifted(mask: number, count: number): number {
  let result = mask;
  for (let step = 0; step < count; step++) result = (result & 0x77) << 1;
  return result;
}

function absolute(operand: number, next: number, mask: number): number {
  let source = operand;
  for (;;) {
    const target = (source + next) | 0;
    if (mask === 0) return extended(target);
    const reached = (REACHED[mask >> 1] as number) * 8;
    if (!isNear((target >>> (24 - reached)) & 0xff)) return extended(target);
    source = target ^ ((1 << (32 - reached)) - 1);
  }
}

/** Targets have 25 bits; the highest is repeated. */
function extended(target: number): number {
  return (target << 7) >> 7;
}

function isNear(top: number): boolean {
  return top === 0 || top === 0xff;
}
