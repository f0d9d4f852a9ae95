/** Writes bits, the lowest first (RFC 1951, §3.1.1). At most 56 bits may be pending. */

let pending: u64 = 0;
let count: u32 = 0;
let next: usize = 0;

export function beginBits(output: usize): void {
  pending = 0;
  count = 0;
  next = output;
}

/** Where the next byte goes; nothing may be pending. */
export function bitsEnd(): usize {
  return next;
}

export function putBits(value: u32, bits: u32): void {
  pending |= (<u64>value) << count;
  count += bits;
  store<u64>(next, pending);
  next += count >> 3;
  pending >>= count & 56;
  count &= 7;
}

/** Fills the last byte. */
export function align(): void {
  if (count > 0) {
    store<u8>(next, pending);
    next += 1;
  }
  pending = 0;
  count = 0;
}

export function pendingBits(): u64 {
  return pending;
}

export function pendingCount(): u32 {
  return count;
}

/** Goes on where a loop that keeps the state in local variables has ended. */
export function resumeBits(bits: u64, bitCount: u32, at: usize): void {
  pending = bits;
  count = bitCount;
  next = at;
}
