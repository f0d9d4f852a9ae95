/**
 * Zstandard (RFC 8878) as a sequence of independent frames, each with its size and checksum; decoders read
 * them as one stream. The library's own threads are not used, because its worker parameter truncates output
 * in some versions of Node.
 */
import { constants, zstdCompressSync } from 'node:zlib';
import { moveInto } from '../../base/bytes.ts';
import { type BlockFormat, MAX_EXPANSION } from './block-format.ts';

const NOTHING = new Uint8Array(0);

export const zstdFormat: BlockFormat = {
  encoder: 'zstd',
  // 4 MiB would save 1 % at level 3 for twice the memory.
  blockSize: 2 * 1024 * 1024,
  dictionarySize: 0,

  header: () => NOTHING,
  trailer: () => NOTHING,

  // The pool would get the block in two calls, which gives other bytes.
  pool: undefined,

  compress({ bytes }, level, output) {
    const compressed = zstdCompressSync(bytes, {
      params: {
        [constants.ZSTD_c_compressionLevel]: level,
        [constants.ZSTD_c_checksumFlag]: 1,
      },
      pledgedSrcSize: bytes.length,
      chunkSize: bytes.length + MAX_EXPANSION,
    });
    return moveInto(output, compressed);
  },
};
