/**
 * Blocks of the .xz format, made one by one: compressed with a filter chain of their own (liblzma-block.ts,
 * fast-block.ts), or stored as uncompressed LZMA2 chunks. Any sequence of blocks between a stream header and
 * an index is a stream, so that they can be made in any order and on any thread.
 *
 * Format: The .xz File Format 1.2.1, sections 3 and 5. Headers carry no sizes, as libostree's do not.
 */
import { crc32 } from 'node:zlib';
import { LZMA2_END, STORED_CHUNK_BYTES, STORED_HEADER_BYTES, storedChunks } from './lzma2-chunks.ts';

/** What the index says of a block. */
export type XzRecord = {
  /** Without the padding. */
  readonly unpaddedSize: number;
  readonly contentSize: number;
};

export type XzBlock = XzRecord & {
  /** In order; with the header, the check and the padding. */
  readonly pieces: readonly Uint8Array[];
};

const HEADER_BYTES = 12;
const CHECK_BYTES = 4;
/** The least that holds a chunk. */
const STORED_DICTIONARY = STORED_CHUNK_BYTES;
const LEAST_DICTIONARY = 4096;
/** Ids of filters (5.3). */
const X86_FILTER = 0x04;
const LZMA2_FILTER = 0x21;

/** The pieces refer to `content`. */
export function storedBlock(content: Uint8Array): XzBlock {
  const body = [...storedChunks(content, true), Buffer.of(LZMA2_END)];
  return framed(blockHeader(STORED_DICTIONARY, false), body, content);
}

/** Bytes of the block that {@link storedBlock} makes of `contentSize` bytes. */
export function storedBlockSize(contentSize: number): number {
  const chunks = Math.ceil(contentSize / STORED_CHUNK_BYTES);
  const body = contentSize + chunks * STORED_HEADER_BYTES + 1;
  return HEADER_BYTES + body + padding(body) + CHECK_BYTES;
}

/** A block whose header and compressed bytes these are. */
export function framed(header: Uint8Array, body: readonly Uint8Array[], content: Uint8Array): XzBlock {
  const bodySize = body.reduce((sum, piece) => sum + piece.length, 0);
  const trailer = blockTrailer(bodySize, crc32(content));
  return { pieces: [header, ...body, trailer], ...recordOf(bodySize, content.length) };
}

/** Padding and check. */
export function blockTrailer(bodySize: number, check: number): Buffer {
  const trailer = Buffer.alloc(padding(bodySize) + CHECK_BYTES);
  trailer.writeUInt32LE(check, padding(bodySize));
  return trailer;
}

export function recordOf(bodySize: number, contentSize: number): XzRecord {
  return { unpaddedSize: HEADER_BYTES + bodySize + CHECK_BYTES, contentSize };
}

export function blockHeader(dictionarySize: number, hasX86: boolean): Buffer {
  const filters = [
    ...(hasX86 ? [X86_FILTER, 0] : []),
    ...[LZMA2_FILTER, 1, dictionaryByte(Math.max(dictionarySize, LEAST_DICTIONARY))],
  ];
  const header = Buffer.alloc(HEADER_BYTES);
  header[0] = HEADER_BYTES / 4 - 1;
  header[1] = hasX86 ? 1 : 0;
  header.set(filters, 2);
  header.writeUInt32LE(crc32(header.subarray(0, HEADER_BYTES - 4)), HEADER_BYTES - 4);
  return header;
}

/** The smallest size of the form 2^n or 3·2^(n-1) that holds the dictionary (5.3.1). */
function dictionaryByte(size: number): number {
  for (let bits = 0; bits < 40; bits++) {
    if ((2 | (bits & 1)) * 2 ** ((bits >> 1) + 11) >= size) return bits;
  }
  throw new RangeError(`no LZMA2 dictionary has ${size} bytes`);
}

function padding(size: number): number {
  return -size & 3;
}
