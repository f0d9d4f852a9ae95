/** The compression of an image's layers, as people choose it; says once if it gives digests of its own. */
import { packageDirectory, runtimeDirectory, runtimePackageName } from '../base/package-directory.ts';
import {
  type Compression,
  DEFAULT_COMPRESSION,
  FAST_COMPRESSION,
  parseCompression,
} from '../oci/write/compression.ts';
import { printMessage } from './report.ts';

export type CompressionOptions = {
  /** `gzip|zstd[:LEVEL]`. */
  readonly compression?: string;
  readonly compressionFast?: boolean;
  readonly quiet?: boolean;
};

/** ERR_COMPRESSION. */
export async function chosenCompression(options: CompressionOptions): Promise<Compression> {
  const { compression: text, compressionFast, quiet } = options;
  const preset = compressionFast ? FAST_COMPRESSION : DEFAULT_COMPRESSION;
  const compression = text === undefined ? preset : parseCompression(text);
  if (quiet !== true && compression.algorithm === 'gzip') await noteEncoder();
  return compression;
}

async function noteEncoder(): Promise<void> {
  const { formatOf } = await import('../oci/write/formats.ts');
  if (formatOf('gzip').encoder === 'libdeflate') return;
  const name = runtimePackageName(process.arch);
  // In a checkout the package is there, without the runtime.
  if (packageDirectory(name) !== undefined && runtimeDirectory(process.arch) === undefined) return;
  printMessage(
    `layers are compressed by zlib, more slowly and with other digests than where the package ${name} is installed`,
  );
}
