/** The block format of each compression. */
import type { BlockFormat } from './block-format.ts';
import type { Compression } from './compression.ts';
import { gzipFormat } from './gzip.ts';
import { zstdFormat } from './zstd.ts';

export const BLOCK_FORMATS: Readonly<Record<Compression['algorithm'], BlockFormat>> = {
  gzip: gzipFormat,
  zstd: zstdFormat,
};
