/**
 * Builds one gzip member (RFC 1952) from blocks that are compressed independently. Each block is deflated
 * with the 32 KiB before it as dictionary and ends on a byte boundary (an empty stored block, Z_SYNC_FLUSH);
 * the last one ends the deflate stream. There is only one member, because importers in the field stop after
 * the first.
 */
import { promisify } from 'node:util';
import { constants, deflateRaw, deflateRawSync, type InputType, type ZlibOptions } from 'node:zlib';
import { type Block, type BlockFormat, MAX_EXPANSION } from './block-format.ts';

const OS_UNKNOWN = 255;

export const gzipFormat: BlockFormat = {
  // Larger blocks save only 0.1 %; smaller ones are slower.
  blockSize: 512 * 1024,
  dictionarySize: 32 * 1024,

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

  compress: (block, level) => deflateRawSync(block.bytes, deflateOptions(block, level)),
  compressOnPool: (block, level) => deflateOnPool(block.bytes, deflateOptions(block, level)),
};

const deflateOnPool = promisify<InputType, ZlibOptions, Buffer<ArrayBuffer>>(deflateRaw);

function deflateOptions({ bytes, dictionary, last }: Block, level: number): ZlibOptions {
  return {
    level,
    finishFlush: last ? constants.Z_FINISH : constants.Z_SYNC_FLUSH,
    // Room for the whole output: zlib writes a flush twice if it runs out of room.
    chunkSize: bytes.length + MAX_EXPANSION,
    ...(dictionary.length > 0 && { dictionary }),
  };
}
