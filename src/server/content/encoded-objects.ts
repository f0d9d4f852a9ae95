/**
 * Content objects as archive files: from the cache, or encoded on demand. Decides how well an object is
 * compressed (docs/decisions/0030-deflate-levels.md):
 *
 * | deflate level | while a client waits | in the cache |
 * |---|---|---|
 * | `auto` | as suits the client's link: stored, or deflated quickly | deflated at level 6 when idle |
 * | given | deflated at that level | the bytes that were sent |
 */
import { finished } from 'node:stream/promises';
import type { Logger } from 'pino';
import type { Checksum } from '../../ostree/checksum.ts';
import type { ObjectSource } from '../../ostree/object-source.ts';
import { CANONICAL_LEVEL, encoderId } from '../../ostree/verified-filez.ts';
import type { Counters } from '../http/counters.ts';
import { type Link, NO_LINK } from '../http/link-speed.ts';
import type { PlainFile } from '../http/plain-file.ts';
import { CacheVerifier } from './cache-verifier.ts';
import { fixedLevels, type Levels } from './deflate-levels.ts';
import { DiskCache, type DiskCacheOptions } from './disk-cache.ts';
import { createEncoder, type Encoded, type Encoder } from './encoder.ts';
import { IdleQueue } from './idle-queue.ts';

/** 0 stores, 9 is smallest. */
export type DeflateLevel = number | 'auto';

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

const AUTO: Levels = { fast: 0, slow: 'quick', canonical: CANONICAL_LEVEL };

export class EncodedObjects {
  /** Id of the encoder of cached objects, the canonical form; part of their entity tags. */
  readonly canonicalId: string;
  readonly #cache: DiskCache | undefined;
  readonly #compressesLater: boolean;
  readonly #encode: Encoder;
  readonly #encodeForCache: Encoder;
  /** Compresses objects for the cache; undefined without a cache. */
  readonly #background: IdleQueue | undefined;
  readonly #cacheVerifier: CacheVerifier | undefined;

  private constructor(options: EncodedObjectsOptions, levels: Levels, cache: DiskCache | undefined) {
    const { objects, counters, onFault, logger, idleMs, closing, closed } = options;
    const encoderAt = (its: Levels, into: DiskCache | undefined) =>
      createEncoder({ objects, levels: its, cache: into, counters, onStreamFault: onFault, signal: closed });
    this.canonicalId = encoderId(levels.canonical);
    this.#compressesLater = levels === AUTO;
    this.#cache = cache;
    this.#encode = encoderAt(levels, this.#compressesLater ? undefined : cache);
    this.#encodeForCache = this.#compressesLater
      ? encoderAt(fixedLevels(levels.canonical), cache)
      : this.#encode;
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
    const { deflateLevel } = options;
    const levels = deflateLevel === 'auto' ? AUTO : fixedLevels(deflateLevel);
    const encoder = encoderId(levels.canonical);
    const cache = options.cache && (await DiskCache.open({ ...options.cache, encoder }));
    return new EncodedObjects(options, levels, cache);
  }

  /** The cached archive file of an object, which the caller closes; undefined if it is not cached. */
  openCached(checksum: Checksum): PlainFile | undefined {
    const file = this.#cache?.open(checksum);
    if (file === undefined) return undefined;
    if (this.#compressesLater) this.#background?.disturb();
    this.#cacheVerifier?.disturb();
    return file;
  }

  /** Encodes an object while a client waits; rejects like {@link Encoder}. */
  async encode(checksum: Checksum, link: Link): Promise<Encoded> {
    const encoded = await this.#encode(checksum, link);
    if (this.#compressesLater) this.#background?.add(checksum);
    return encoded;
  }

  /** Ends background work and the scans of the cache. */
  stop(): void {
    this.#cacheVerifier?.stop();
    this.#background?.stop();
    this.#cache?.close();
  }

  async #fill(cache: DiskCache, checksum: Checksum, signal: AbortSignal): Promise<void> {
    if (cache.has(checksum)) return;
    const { content, release } = await this.#encodeForCache(checksum, NO_LINK);
    if (Buffer.isBuffer(content)) return release?.();
    // The encoder reports a fault of the stream.
    await finished(content.resume(), { signal }).catch(() => content.destroy());
  }
}
