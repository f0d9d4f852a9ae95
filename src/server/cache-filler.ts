/** Compresses objects for the cache after they were sent uncompressed, when nobody is being served. */
import { finished } from 'node:stream/promises';
import type { Checksum } from '../ostree/checksum.ts';
import type { DiskCache } from './disk-cache.ts';
import type { Encoder } from './encoder.ts';
import { QuietQueue } from './quiet-queue.ts';

export type CacheFillerOptions = {
  readonly cache: DiskCache;
  /** Puts what it encodes into the cache. */
  readonly encode: Encoder;
  readonly onFault: (checksum: Checksum, error: unknown) => void;
};

export function createCacheFiller({ cache, encode, onFault }: CacheFillerOptions): QuietQueue {
  const fill = async (checksum: Checksum): Promise<void> => {
    if (cache.has(checksum)) return;
    const content = await encode(checksum);
    // A fault of a stream is told by the encoder.
    if (!Buffer.isBuffer(content)) await finished(content.resume()).catch(() => {});
  };
  return new QuietQueue({
    work: (checksum) => fill(checksum).catch((error) => onFault(checksum, error)),
  });
}
