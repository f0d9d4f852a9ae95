/** Which encoder compresses layers, and how. */
import { deflaterVersion } from '../../native/deflate/deflate.ts';
import type { BlockFormat, LayerEncoder } from './block-format.ts';
import type { Compression } from './compression.ts';
import { libdeflateFormat, zlibFormat } from './gzip.ts';
import { zstdFormat } from './zstd.ts';

export const FORMATS: Readonly<Record<LayerEncoder, BlockFormat>> = {
  libdeflate: libdeflateFormat,
  zlib: zlibFormat,
  zstd: zstdFormat,
};

/** How this machine compresses layers with the algorithm. */
export function formatOf(algorithm: Compression['algorithm']): BlockFormat {
  if (algorithm === 'zstd') return zstdFormat;
  return deflaterVersion() === undefined ? zlibFormat : libdeflateFormat;
}

/** Names what the bytes of layers depend on, besides the level. */
export function encoderVersion(algorithm: Compression['algorithm']): string {
  const { encoder } = formatOf(algorithm);
  return encoder === 'libdeflate' ? `libdeflate ${deflaterVersion()}` : `${process.versions[encoder]}`;
}
