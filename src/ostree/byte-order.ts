/**
 * ostree stores most integers big-endian inside little-endian variants. These helpers convert between the
 * codec's little-endian reading and the real number; each is its own inverse.
 */

/** Swaps the bytes of an unsigned 32-bit number. */
export function swap32(value: number): number {
  return (((value & 0xff) << 24) | ((value & 0xff00) << 8) | ((value >>> 8) & 0xff00) | (value >>> 24)) >>> 0;
}

/** Swaps the bytes of an unsigned 64-bit number. */
export function swap64(value: bigint): bigint {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt.asUintN(64, value));
  return bytes.readBigUInt64BE();
}
