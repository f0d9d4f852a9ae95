/**
 * Raw deflate without compression: stored blocks (RFC 1951, §3.2.4) of 65,535 bytes, the last one shorter.
 * The output depends on the content alone; the block sizes of zlib's level 0 depend on how its input was
 * split.
 */
const BLOCK_BYTES = 0xffff;

/** The complete stream for bytes in memory, in parts. */
export function storedBlocks(bytes: Buffer): readonly Buffer[] {
  return blocksOf(bytes, true);
}

/** Blocks for a part of a stream, in one buffer; `isLast` ends the stream. */
export function storedPart(bytes: Buffer, { isLast }: { readonly isLast: boolean }): Buffer {
  return Buffer.concat(blocksOf(bytes, isLast));
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
  const header = Buffer.alloc(5);
  header.writeUInt8(isLast ? 1 : 0, 0);
  header.writeUInt16LE(length, 1);
  header.writeUInt16LE(length ^ 0xffff, 3);
  return header;
}
