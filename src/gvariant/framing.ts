/**
 * Framing offsets: the end positions of members of variable size, stored at the end of their container. They
 * are little-endian, in big-endian variants too; the container's size determines their width. Source:
 * GVariant specification 1.0, §3.2.
 */

/** The largest container sizes that offsets of 1, 2 and 4 bytes can frame. */
const MAX_8 = 2 ** 8 - 1;
const MAX_16 = 2 ** 16 - 1;
const MAX_32 = 2 ** 32 - 1;

/** Offset width in bytes when reading a container of `size` bytes. */
export function offsetWidth(size: number): number {
  if (size <= MAX_8) return 1;
  if (size <= MAX_16) return 2;
  return size <= MAX_32 ? 4 : 8;
}

/** Offset width in bytes when writing `count` offsets after a body of `bodySize` bytes. */
export function chooseWidth(bodySize: number, count: number): number {
  if (bodySize + count <= MAX_8) return 1;
  if (bodySize + 2 * count <= MAX_16) return 2;
  return bodySize + 4 * count <= MAX_32 ? 4 : 8;
}

export function readOffset(bytes: Buffer, at: number, width: number): number {
  return width === 8 ? Number(bytes.readBigUInt64LE(at)) : bytes.readUIntLE(at, width);
}

export function writeOffset(bytes: Buffer, at: number, width: number, offset: number): void {
  if (width === 8) bytes.writeBigUInt64LE(BigInt(offset), at);
  else bytes.writeUIntLE(offset, at, width);
}
