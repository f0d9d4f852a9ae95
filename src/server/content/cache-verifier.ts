/**
 * Verifies all cached objects when the server is idle: after a start, and again every day. A corrupt file is
 * removed and encoded again. Clients verify what they receive, but a caching proxy would keep a corrupt file
 * under a strong entity tag.
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
  /** Requests that the object is encoded again. */
  readonly refill: (checksum: Checksum) => void;
  readonly logger: Logger;
};

const EVERY_MS = 24 * 3_600_000;
/** Objects in the idle queue at once. */
const BATCH = 1000;

export class CacheVerifier {
  readonly #options: CacheVerifierOptions;
  readonly #queue: IdleQueue;
  readonly #cached: Pick<ObjectSource, 'content'>;
  readonly #stopping = new AbortController();
  readonly #timer: NodeJS.Timeout;
  /** Objects still to verify, taken from the end. */
  #left: Checksum[] = [];
  #queued = 0;

  constructor(options: CacheVerifierOptions) {
    this.#options = options;
    this.#cached = archiveContent(new LooseObjects(options.cache.folder));
    this.#queue = new IdleQueue({ ...options, work: (checksum) => this.#verify(checksum) });
    void options.cache.counted.then(() => this.#begin());
    this.#timer = setInterval(() => this.#begin(), EVERY_MS).unref();
  }

  /** Pauses verification, because something is being sent. */
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
      // It may have been evicted meanwhile.
      if (signal.aborted || isTreeportError(error, 'ERR_OBJECT_MISSING')) return;
      cache.drop(checksum);
      const what = `the cached copy of object ${checksum}.filez is dropped and encoded again: ${messageOf(error)}`;
      logger.error({ object: `${checksum}.filez` }, what);
      refill(checksum);
    } finally {
      this.#queued -= 1;
      if (this.#queued === 0 && !signal.aborted) this.#queueBatch();
    }
  }
}
