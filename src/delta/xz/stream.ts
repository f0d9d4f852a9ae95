/**
 * The frame around the blocks of one .xz stream, whose checks are CRC32.
 *
 * Format: The .xz File Format 1.2.1, sections 2 and 4. The stream ends in an index, which lists the sizes of
 * all blocks, and a footer, which has the size of the index.
 */
import { crc32 } from 'node:zlib';
import type { XzBlock, XzRecord } from './block.ts';

const CHECK_CRC32 = 1;
const FLAGS = Buffer.of(0, CHECK_CRC32);
const FOOTER_MAGIC = 'YZ';

export const XZ_STREAM_HEADER: Uint8Array = Buffer.concat([
  Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]),
  FLAGS,
  crc(FLAGS),
]);

/** A whole stream of these blocks, in pieces. */
export function xzStream(blocks: readonly XzBlock[]): Uint8Array[] {
  return [XZ_STREAM_HEADER, ...blocks.flatMap(({ pieces }) => pieces), xzTrailer(blocks)];
}

/** Index and footer of a stream of these blocks. */
export function xzTrailer(blocks: readonly XzRecord[]): Uint8Array {
  const fields = [
    0,
    ...variableLength(blocks.length),
    ...blocks.flatMap(({ unpaddedSize, contentSize }) => [
      ...variableLength(unpaddedSize),
      ...variableLength(contentSize),
    ]),
  ];
  const index = Buffer.alloc(fields.length + (-fields.length & 3));
  index.set(fields);
  const backward = Buffer.alloc(4);
  backward.writeUInt32LE((index.length + 4) / 4 - 1);
  const ending = Buffer.concat([backward, FLAGS]);
  return Buffer.concat([index, crc(index), crc(ending), ending, Buffer.from(FOOTER_MAGIC)]);
}

function crc(bytes: Uint8Array): Buffer {
  const field = Buffer.alloc(4);
  field.writeUInt32LE(crc32(bytes));
  return field;
}

/** Seven bits a byte, the lowest first; the top bit says that more follow (1.2). */
function variableLength(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) | 0x80);
  return [...bytes, rest];
}
