/** Compresses bytes in memory with the product's streams, for tests of the formats. */
import type { BlockFormat } from '../../src/oci/write/block-format.ts';
import { type CompressedStream, compressStream } from '../../src/oci/write/compress-stream.ts';
import { parseCompression } from '../../src/oci/write/compression.ts';
import type { CompressionThreads } from '../../src/oci/write/threads.ts';
import { inPieces } from './tar-streams.ts';

export type Compressed = CompressedStream & { readonly bytes: Buffer };

export type CompressMemoryOptions = {
  /** Size of the input's pieces. */
  readonly pieces?: number;
  readonly threads?: CompressionThreads;
  readonly format?: BlockFormat;
};

export async function compressBytes(
  input: Buffer,
  words: string,
  options: CompressMemoryOptions = {},
): Promise<Compressed> {
  const parts: Buffer[] = [];
  const result = await compressStream(inPieces(input, options.pieces), {
    compression: parseCompression(words),
    write: async (bytes) => {
      parts.push(Buffer.from(bytes));
    },
    ...(options.threads === undefined ? {} : { threads: options.threads }),
    ...(options.format === undefined ? {} : { format: options.format }),
  });
  return { ...result, bytes: Buffer.concat(parts) };
}
