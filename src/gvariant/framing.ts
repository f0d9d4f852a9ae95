/**
 * Framing offsets: the end positions that containers with members of varying size keep at their
 * end. They are little-endian and as wide as the container's own size demands.
 * Source: GVariant specification 1.0, §3.2.
 */

const WIDTHS = [1, 2, 4, 8] as const;

/** The largest container size that offsets of this width can frame. */
function limit(width: number): number {
  return width === 8 ? Number.MAX_SAFE_INTEGER : 2 ** (8 * width) - 1;
}

/** Offset width in bytes that a reader uses for a container of `size` bytes. */
export function offsetWidth(size: number): number {
  return WIDTHS.find((width) => size <= limit(width)) ?? 8;
}

/** Offset width that a writer chooses for `count` offsets behind a body of `bodySize` bytes. */
export function chooseWidth(bodySize: number, count: number): number {
  return WIDTHS.find((width) => bodySize + count * width <= limit(width)) ?? 8;
}

export function readOffset(bytes: Buffer, at: number, width: number): number {
  return width === 8 ? Number(bytes.readBigUInt64LE(at)) : bytes.readUIntLE(at, width);
}

export function writeOffset(bytes: Buffer, at: number, width: number, offset: number): void {
  if (width === 8) bytes.writeBigUInt64LE(BigInt(offset), at);
  else bytes.writeUIntLE(offset, at, width);
}
