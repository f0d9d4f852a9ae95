/**
 * Verifies the objects of the cache when the server is idle: all of them after a start, and again every day. A file that
 * does not give its object's id is removed and made again. Clients verify what they get, but a caching proxy would
 * keep a rotten file under a strong entity tag.
 */
import type { Logger } from 'pino';
import { isTreeportError, messageOf } from '../../base/errors.ts';
import type { Checksum } from '../../ostree/checksum.ts';
import type { ObjectSource } from '../../ostree/object-source.ts';
import { archiveContent } from '../../ostree/repo/archive.ts';
import { LooseObjects } from '../../ostree/repo/loose.ts';
import { readVerified } from './background-verifier.ts';
import type { DiskCache } from './disk-cache.ts';
import { IdleQueue, type IdleQueueOptions } from './idle-queue.ts';

export type CacheVerifierOptions = Omit<IdleQueueOptions, 'work'> & {
  readonly cache: DiskCache;
  /** Has the object encoded again. */
  readonly refill: (checksum: Checksum) => void;
  readonly logger: Logger;
};

const EVERY_MS = 24 * 3_600_000;
/** Objects that wait for their turn in the queue. */
const BATCH = 1000;

export class CacheVerifier {
  readonly #options: CacheVerifierOptions;
  readonly #queue: IdleQueue;
  readonly #cached: Pick<ObjectSource, 'content'>;
  readonly #stopping = new AbortController();
  readonly #timer: NodeJS.Timeout;
  /** What is to be verified, the last one first. */
  #left: Checksum[] = [];
  #queued = 0;

  constructor(options: CacheVerifierOptions) {
    this.#options = options;
    this.#cached = archiveContent(new LooseObjects(options.cache.folder));
    this.#queue = new IdleQueue({ ...options, work: (checksum) => this.#verify(checksum) });
    void options.cache.counted.then(() => this.#begin());
    this.#timer = setInterval(() => this.#begin(), EVERY_MS).unref();
  }

  /** Something is being sent: verification pauses. */
  disturb(): void {
    this.#queue.disturb();
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#stopping.abort();
    this.#queue.stop();
  }

  #begin(): void {
    this.#left = [...this.#options.cache.checksums];
    if (this.#queued === 0) this.#queueBatch();
  }

  #queueBatch(): void {
    for (const checksum of this.#left.splice(-BATCH)) {
      this.#queued += 1;
      this.#queue.add(checksum);
    }
  }

  async #verify(checksum: Checksum): Promise<void> {
    const { cache, refill, logger } = this.#options;
    const { signal } = this.#stopping;
    try {
      await readVerified(this.#cached, checksum, signal);
    } catch (error) {
      // It may have been evicted since.
      if (signal.aborted || isTreeportError(error, 'ERR_OBJECT_MISSING')) return;
      cache.drop(checksum);
      const what = `the cached copy of object ${checksum}.filez is dropped and made again: ${messageOf(error)}`;
      logger.error({ object: `${checksum}.filez` }, what);
      refill(checksum);
    } finally {
      this.#queued -= 1;
      if (this.#queued === 0 && !signal.aborted) this.#queueBatch();
    }
  }
}
