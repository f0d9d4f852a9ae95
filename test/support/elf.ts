/** Programs for another machine, as far as readers of ELF files look at them. */

/**
 * A program for AArch64 with one segment of everything, all in its first 512 bytes: it names the loader
 * /lib/ld-test.so and needs libx.so.
 */
export function sampleProgram(): Buffer {
  const bytes = Buffer.alloc(512 + 100);
  bytes.write('\x7fELF', 0, 'latin1');
  bytes[4] = 2;
  bytes[5] = 1;
  bytes.writeUInt16LE(183, 18);
  bytes.writeBigUInt64LE(64n, 32);
  bytes.writeUInt16LE(56, 54);
  bytes.writeUInt16LE(3, 56);
  writeSegment(bytes, 0, { type: 1, offset: 0, address: 0x10000, size: 512 });
  writeSegment(bytes, 1, { type: 3, offset: 232, address: 0, size: 16 });
  writeSegment(bytes, 2, { type: 2, offset: 264, address: 0, size: 80 });
  bytes.write('/lib/ld-test.so\0', 232);
  const dynamic = [
    [1, 1],
    [29, 10],
    [5, 0x10000 + 400],
    [0, 0],
    [1, 10],
  ] as const;
  for (const [index, [tag, value]] of dynamic.entries()) {
    bytes.writeBigInt64LE(BigInt(tag), 264 + 16 * index);
    bytes.writeBigUInt64LE(BigInt(value), 272 + 16 * index);
  }
  bytes.write('\0libx.so\0\0$ORIGIN:/opt/lib\0', 400);
  return bytes;
}

type Segment = {
  readonly type: number;
  readonly offset: number;
  readonly address: number;
  readonly size: number;
};

function writeSegment(bytes: Buffer, index: number, { type, offset, address, size }: Segment): void {
  const at = 64 + 56 * index;
  bytes.writeUInt32LE(type, at);
  bytes.writeBigUInt64LE(BigInt(offset), at + 8);
  bytes.writeBigUInt64LE(BigInt(address), at + 16);
  bytes.writeBigUInt64LE(BigInt(size), at + 32);
}
