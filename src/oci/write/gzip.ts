/**
 * Builds one gzip member (RFC 1952) from blocks that are compressed independently: pieces of one deflate
 * stream, each of which ends on a byte boundary, because an empty stored block follows it (Z_SYNC_FLUSH); the
 * last one ends the stream. There is only one member, because importers in the field stop after the first.
 *
 * libdeflate makes the blocks if the installed runtime has it, else Node's zlib, which needs more time and
 * makes other bytes (docs/decisions/0157-libdeflate.md).
 */
import { promisify } from 'node:util';
import { constants, deflateRaw, deflateRawSync, type InputType, type ZlibOptions } from 'node:zlib';
import { moveInto } from '../../base/bytes.ts';
import {
  type DeflateRequest,
  deflateHere,
  deflateOnPool,
  MAX_PIECE_BYTES,
} from '../../native/deflate/deflate.ts';
import { type Block, type BlockFormat, MAX_EXPANSION } from './block-format.ts';

const OS_UNKNOWN = 255;

const MEMBER: Pick<BlockFormat, 'header' | 'trailer'> = {
  /** Flags 0, mtime 0, and the extra flags zlib sets for the level. */
  header(level) {
    const extraFlags = level === 1 ? 4 : level === 9 ? 2 : 0;
    return Uint8Array.of(0x1f, 0x8b, 8, 0, 0, 0, 0, 0, extraFlags, OS_UNKNOWN);
  },

  trailer(total) {
    const bytes = Buffer.alloc(8);
    bytes.writeUInt32LE(total.crc32, 0);
    bytes.writeUInt32LE(total.size % 2 ** 32, 4);
    return bytes;
  },
};

/** Blocks know nothing of those before them: libdeflate takes no dictionary. */
export const libdeflateFormat: BlockFormat = {
  ...MEMBER,
  encoder: 'libdeflate',
  blockSize: MAX_PIECE_BYTES,
  dictionarySize: 0,
  compress: (block, level, output) => deflateHere(requestOf(block, level, output)),
  pool: {
    processors: 3,
    compress: (block, level, output) => deflateOnPool(requestOf(block, level, output)),
  },
};

/** Each block is deflated with the 32 KiB before it as dictionary. */
export const zlibFormat: BlockFormat = {
  ...MEMBER,
  encoder: 'zlib',
  // Larger blocks save only 0.1 %; smaller ones are slower.
  blockSize: 512 * 1024,
  dictionarySize: 32 * 1024,
  compress: (block, level, output) =>
    moveInto(output, deflateRawSync(block.bytes, zlibOptions(block, level))),
  pool: {
    // Each block takes calls and buffers on the calling thread, which cannot keep two processors busy.
    processors: 1,
    compress: async (block, level, output) =>
      moveInto(output, await deflateRawOnPool(block.bytes, zlibOptions(block, level))),
  },
};

const deflateRawOnPool = promisify<InputType, ZlibOptions, Buffer<ArrayBuffer>>(deflateRaw);

function requestOf({ bytes, last }: Block, level: number, output: Uint8Array): DeflateRequest {
  return { bytes, last, level, output };
}

function zlibOptions({ bytes, dictionary, last }: Block, level: number): ZlibOptions {
  return {
    level,
    finishFlush: last ? constants.Z_FINISH : constants.Z_SYNC_FLUSH,
    // Room for the whole output: zlib writes a flush twice if it runs out of room.
    chunkSize: bytes.length + MAX_EXPANSION,
    ...(dictionary.length > 0 && { dictionary }),
  };
}
