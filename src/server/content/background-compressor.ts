/** Compresses objects for the cache after they were sent uncompressed, when nobody is being served. */
import { finished } from 'node:stream/promises';
import type { Checksum } from '../../ostree/checksum.ts';
import type { DiskCache } from './disk-cache.ts';
import type { Encoder } from './encoder.ts';
import { IdleQueue, type IdleQueueOptions } from './idle-queue.ts';

export type BackgroundCompressorOptions = Pick<IdleQueueOptions, 'idleMs'> & {
  readonly cache: DiskCache;
  /** Puts what it encodes into the cache. */
  readonly encode: Encoder;
  readonly onFault: (checksum: Checksum, error: unknown) => void;
  /** Ends the work that is under way; the queue is stopped by itself. */
  readonly signal: AbortSignal;
};

export function createBackgroundCompressor({
  cache,
  encode,
  onFault,
  signal,
  idleMs,
}: BackgroundCompressorOptions): IdleQueue {
  const fill = async (checksum: Checksum): Promise<void> => {
    if (cache.has(checksum)) return;
    const content = await encode(checksum);
    if (Buffer.isBuffer(content)) return;
    // A fault of a stream is told by the encoder.
    await finished(content.resume(), { signal }).catch(() => content.destroy());
  };
  return new IdleQueue({
    idleMs,
    work: (checksum) =>
      fill(checksum).catch((error) => {
        if (!signal.aborted) onFault(checksum, error);
      }),
  });
}
