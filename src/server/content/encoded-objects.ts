/**
 * Content objects as archive files: from the cache, or encoded on demand. Decides when an object is stored
 * and when it is deflated (docs/decisions/0030-deflate-levels.md):
 *
 * | deflate level | cache | while a client waits | in the cache |
 * |---|---|---|---|
 * | given | any | deflated at that level | the bytes that were sent |
 * | `auto` | no | deflated at level 1 | |
 * | `auto` | yes | stored, to answer at once | deflated at level 6 when the server is idle |
 */
import type { Readable } from 'node:stream';
import { finished } from 'node:stream/promises';
import type { Logger } from 'pino';
import type { Checksum } from '../../ostree/checksum.ts';
import type { ObjectSource } from '../../ostree/object-source.ts';
import { encoderId } from '../../ostree/verified-filez.ts';
import type { Counters } from '../http/counters.ts';
import type { PlainFile } from '../http/plain-file.ts';
import { CacheVerifier } from './cache-verifier.ts';
import { DiskCache, type DiskCacheOptions } from './disk-cache.ts';
import { createEncoder, type Encoder } from './encoder.ts';
import { IdleQueue } from './idle-queue.ts';

/** 0 stores, 9 is smallest. */
export type DeflateLevel = number | 'auto';

export type Levels = {
  /** While a client waits. */
  readonly onDemand: number;
  /** In the cache. */
  readonly cached: number;
};

export type EncodedObjectsOptions = {
  readonly objects: ObjectSource;
  readonly deflateLevel: DeflateLevel;
  readonly cache: Omit<DiskCacheOptions, 'encoder'> | undefined;
  readonly counters: Counters;
  /** Called when an object cannot be encoded in the background, or fails after its answer has begun. */
  readonly onFault: (checksum: Checksum, error: unknown) => void;
  readonly logger: Logger;
  /** How long the server must have sent nothing before background work begins; milliseconds. */
  readonly idleMs: number;
  /** Aborted when the server begins to close: ends background work. */
  readonly closing: AbortSignal;
  /** Aborted when the last connection has closed: ends every encoding. */
  readonly closed: AbortSignal;
};

const STORED = 0;
const QUICK = 1;
const SMALL = 6;

export function levelsOf(level: DeflateLevel, hasCache: boolean): Levels {
  if (level !== 'auto') return { onDemand: level, cached: level };
  return hasCache ? { onDemand: STORED, cached: SMALL } : { onDemand: QUICK, cached: QUICK };
}

export class EncodedObjects {
  /** Id of the encoder of cached objects; part of their entity tags. */
  readonly cachedId: string;
  /** Id of the encoder of objects encoded on demand. */
  readonly onDemandId: string;
  readonly #cache: DiskCache | undefined;
  readonly #encode: Encoder;
  readonly #encodeForCache: Encoder;
  /** Compresses objects for the cache; undefined without a cache. */
  readonly #background: IdleQueue | undefined;
  readonly #cacheVerifier: CacheVerifier | undefined;

  private constructor(options: EncodedObjectsOptions, levels: Levels, cache: DiskCache | undefined) {
    const { objects, counters, onFault, logger, idleMs, closing, closed } = options;
    const encoderAt = (level: number, its: DiskCache | undefined) =>
      createEncoder({ objects, level, cache: its, counters, onStreamFault: onFault, signal: closed });
    this.cachedId = encoderId(levels.cached);
    this.onDemandId = encoderId(levels.onDemand);
    this.#cache = cache;
    this.#encode = encoderAt(levels.onDemand, this.compressesLater ? undefined : cache);
    this.#encodeForCache = this.compressesLater ? encoderAt(levels.cached, cache) : this.#encode;
    if (cache === undefined) return;
    const work = (checksum: Checksum) =>
      this.#fill(cache, checksum, closing).catch((error) => {
        if (!closing.aborted) onFault(checksum, error);
      });
    const background = new IdleQueue({ idleMs, work });
    this.#background = background;
    this.#cacheVerifier = new CacheVerifier({
      cache,
      refill: (checksum) => background.add(checksum),
      logger,
      idleMs,
    });
  }

  /** Opens the cache, if there is one; ERR_CACHE_DIR if its directory cannot be used. */
  static async open(options: EncodedObjectsOptions): Promise<EncodedObjects> {
    const levels = levelsOf(options.deflateLevel, options.cache !== undefined);
    const cache =
      options.cache && (await DiskCache.open({ ...options.cache, encoder: encoderId(levels.cached) }));
    return new EncodedObjects(options, levels, cache);
  }

  /** Whether objects are sent stored first and compressed for the cache later. */
  get compressesLater(): boolean {
    return this.cachedId !== this.onDemandId;
  }

  /** The cached archive file of an object, which the caller closes; undefined if it is not cached. */
  openCached(checksum: Checksum): PlainFile | undefined {
    const file = this.#cache?.open(checksum);
    if (file === undefined) return undefined;
    if (this.compressesLater) this.#background?.disturb();
    this.#cacheVerifier?.disturb();
    return file;
  }

  /** Encodes an object while a client waits; rejects like {@link Encoder}. */
  async encode(checksum: Checksum): Promise<Buffer | Readable> {
    const content = await this.#encode(checksum);
    if (this.compressesLater) this.#background?.add(checksum);
    return content;
  }

  /** Ends background work and the scans of the cache. */
  stop(): void {
    this.#cacheVerifier?.stop();
    this.#background?.stop();
    this.#cache?.close();
  }

  async #fill(cache: DiskCache, checksum: Checksum, signal: AbortSignal): Promise<void> {
    if (cache.has(checksum)) return;
    const content = await this.#encodeForCache(checksum);
    if (Buffer.isBuffer(content)) return;
    // The encoder reports a fault of the stream.
    await finished(content.resume(), { signal }).catch(() => content.destroy());
  }
}
