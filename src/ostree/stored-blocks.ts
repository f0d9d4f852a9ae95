/**
 * Raw deflate without compression: stored blocks (RFC 1951, §3.2.4) of 65,535 bytes, the last one shorter.
 * The output depends on the content alone; the block sizes of zlib's level 0 depend on how its input was
 * split.
 */
const BLOCK_BYTES = 0xffff;
const HEADER_BYTES = 5;

/** The complete stream for bytes in memory, in parts. */
export function storedBlocks(bytes: Buffer): readonly Buffer[] {
  return blocksOf(bytes, true);
}

/** Blocks for a part of a stream, in one buffer; `isLast` ends the stream. */
export function storedPart(bytes: Buffer, { isLast }: { readonly isLast: boolean }): Buffer {
  return Buffer.concat(blocksOf(bytes, isLast));
}

/** How many bytes the headers of the blocks for `size` bytes take. */
export function headersLength(size: number): number {
  return HEADER_BYTES * Math.max(1, Math.ceil(size / BLOCK_BYTES));
}

/**
 * Like {@link storedPart} for the bytes that `memory` has from `from` to its end, without a copy: bytes move
 * towards the start, where {@link headersLength} bytes must be free. Returns the end of `memory`.
 */
export function storeInPlace(memory: Buffer, from: number, { isLast }: { readonly isLast: boolean }): Buffer {
  const count = Math.max(1, Math.ceil((memory.length - from) / BLOCK_BYTES));
  const start = from - HEADER_BYTES * count;
  for (let block = 0; block < count; block++) {
    const source = from + BLOCK_BYTES * block;
    const end = Math.min(source + BLOCK_BYTES, memory.length);
    const target = start + (HEADER_BYTES + BLOCK_BYTES) * block;
    memory.copyWithin(target + HEADER_BYTES, source, end);
    writeHeader(memory, target, end - source, isLast && block === count - 1);
  }
  return memory.subarray(start);
}

function blocksOf(bytes: Buffer, isLast: boolean): readonly Buffer[] {
  const parts: Buffer[] = [];
  for (let start = 0; start === 0 || start < bytes.length; start += BLOCK_BYTES) {
    const block = bytes.subarray(start, start + BLOCK_BYTES);
    parts.push(blockHeader(block.length, isLast && start + BLOCK_BYTES >= bytes.length), block);
  }
  return parts;
}

/** Like {@link storedBlocks}, piece by piece. */
export async function* storedStream(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  let rest: Buffer = Buffer.alloc(0);
  for await (const piece of pieces) {
    const joined = Buffer.concat([rest, piece]);
    let start = 0;
    for (; joined.length - start > BLOCK_BYTES; start += BLOCK_BYTES) {
      yield blockHeader(BLOCK_BYTES, false);
      yield joined.subarray(start, start + BLOCK_BYTES);
    }
    rest = joined.subarray(start);
  }
  yield Buffer.concat([blockHeader(rest.length, true), rest]);
}

function blockHeader(length: number, isLast: boolean): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  writeHeader(header, 0, length, isLast);
  return header;
}

function writeHeader(memory: Buffer, at: number, length: number, isLast: boolean): void {
  memory.writeUInt8(isLast ? 1 : 0, at);
  memory.writeUInt16LE(length, at + 1);
  memory.writeUInt16LE(length ^ 0xffff, at + 3);
}
