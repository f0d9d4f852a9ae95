/**
 * Blocks of the .xz format, made one by one: compressed with a filter chain of their own, or stored as
 * uncompressed LZMA2 chunks. Any sequence of blocks between a stream header and an index is a stream, so that
 * they can be made in any order and on any thread.
 *
 * Format: The .xz File Format 1.2.1, sections 3 and 5; LZMA2 chunks as in liblzma's lzma2_encoder.c. Headers
 * carry no sizes, as libostree's do not.
 */
import { crc32 } from 'node:zlib';
import { encodeLzma2 } from '../../native/lzma/encode.ts';
import { encodeLzma2Pieces } from '../../native/lzma/encode-pieces.ts';
import { FILTER_IDS, type FilterChain } from '../../native/lzma/filter-chain.ts';

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
const CHUNK_BYTES = 64 * 1024;
const CHUNK_HEADER_BYTES = 3;
/** Control bytes of LZMA2: uncompressed chunks, the first of which resets the dictionary. */
const STORED_FIRST = 1;
const STORED_NEXT = 2;
const END = 0;
/** The least that holds a chunk. */
const STORED_DICTIONARY = CHUNK_BYTES;

/**
 * Compresses `content`; a block that would not be smaller than a stored one is stored. The pieces refer
 * to `scratch`, memory to compress into that is at least as large as the content.
 */
export function compressedBlock(content: Uint8Array, chain: FilterChain, scratch: Uint8Array): XzBlock {
  const size = encodeLzma2(content, scratch.subarray(0, content.length), chain);
  if (size === undefined) return storedBlock(content);
  return framed(blockHeader(chain.lzma2.dictionarySize, chain.x86), [scratch.subarray(0, size)], content);
}

/**
 * Compresses `content` piece by piece, into `memory`: a piece lasts until the next is requested. Nothing is
 * known of the block's size before its end, so that it is compressed even if it does not shrink.
 */
export function* compressedPieces(
  content: Uint8Array,
  { lzma2, x86 }: FilterChain,
  memory: Uint8Array,
): Generator<Uint8Array, XzRecord> {
  const body = { size: 0 };
  yield blockHeader(lzma2.dictionarySize, x86);
  for (const piece of encodeLzma2Pieces(content, { lzma2, x86 }, memory)) {
    body.size += piece.length;
    yield piece;
  }
  yield blockTrailer(body.size, content);
  return recordOf(body.size, content);
}

/** The pieces refer to `content`. */
export function storedBlock(content: Uint8Array): XzBlock {
  const body: Uint8Array[] = [];
  for (let at = 0; at < content.length; at += CHUNK_BYTES) {
    const chunk = content.subarray(at, at + CHUNK_BYTES);
    const header = Buffer.alloc(CHUNK_HEADER_BYTES);
    header[0] = at === 0 ? STORED_FIRST : STORED_NEXT;
    header.writeUInt16BE(chunk.length - 1, 1);
    body.push(header, chunk);
  }
  body.push(Buffer.of(END));
  return framed(blockHeader(STORED_DICTIONARY, false), body, content);
}

/** Bytes of the block that {@link storedBlock} makes of `contentSize` bytes. */
export function storedBlockSize(contentSize: number): number {
  const chunks = Math.ceil(contentSize / CHUNK_BYTES);
  const body = contentSize + chunks * CHUNK_HEADER_BYTES + 1;
  return HEADER_BYTES + body + padding(body) + CHECK_BYTES;
}

function framed(header: Uint8Array, body: readonly Uint8Array[], content: Uint8Array): XzBlock {
  const bodySize = body.reduce((sum, piece) => sum + piece.length, 0);
  return { pieces: [header, ...body, blockTrailer(bodySize, content)], ...recordOf(bodySize, content) };
}

/** Padding and check. */
function blockTrailer(bodySize: number, content: Uint8Array): Buffer {
  const trailer = Buffer.alloc(padding(bodySize) + CHECK_BYTES);
  trailer.writeUInt32LE(crc32(content), padding(bodySize));
  return trailer;
}

function recordOf(bodySize: number, content: Uint8Array): XzRecord {
  return { unpaddedSize: HEADER_BYTES + bodySize + CHECK_BYTES, contentSize: content.length };
}

function blockHeader(dictionarySize: number, hasX86: boolean): Buffer {
  const filters = [
    ...(hasX86 ? [FILTER_IDS.x86, 0] : []),
    ...[FILTER_IDS.lzma2, 1, dictionaryByte(dictionarySize)],
  ];
  const header = Buffer.alloc(HEADER_BYTES);
  header[0] = HEADER_BYTES / 4 - 1;
  header[1] = hasX86 ? 1 : 0;
  header.set(filters, 2);
  header.writeUInt32LE(crc32(header.subarray(0, HEADER_BYTES - 4)), HEADER_BYTES - 4);
  return header;
}

/** The smallest size of the form 2^n or 3·2^(n-1), from 4 KiB, that holds the dictionary (5.3.1). */
function dictionaryByte(size: number): number {
  for (let bits = 0; bits < 40; bits++) {
    if ((2 | (bits & 1)) * 2 ** ((bits >> 1) + 11) >= size) return bits;
  }
  throw new RangeError(`no LZMA2 dictionary has ${size} bytes`);
}

function padding(size: number): number {
  return -size & 3;
}
