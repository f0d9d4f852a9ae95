/**
 * Encodes content objects as archive files on demand. The level depends on the client's link, or is the same
 * for all.
 *
 * Small objects are read whole, verified and deflated before anything is sent; concurrent requests for the
 * same bytes share one encoding. Large objects are sent while they are encoded, and verified at the end. If
 * their bytes depend on the link, each client has an encoding of its own (link-stream.ts). Otherwise clients
 * share one: through a {@link TailedFile} if there is a cache; if enough files are being written or the
 * object exceeds the cache, through a {@link SharedStream} at the pace of the clients. Either way memory is
 * bounded, and a fault is an error of the stream, never a clean end.
 *
 * Only small encodings and tailed files are limited in number. A large stream is paced by its reader and must
 * not queue, because clients time out after 30 s without a byte.
 */
import type { Readable } from 'node:stream';
import { Semaphore } from '../../base/semaphore.ts';
import type { Checksum } from '../../ostree/checksum.ts';
import type { ContentObject, ObjectSource } from '../../ostree/object-source.ts';
import {
  encoderId,
  encodeVerifiedFilez,
  type Level,
  SMALL_OBJECT_BYTES,
  STORED_BYTES,
  streamVerifiedFilez,
} from '../../ostree/verified-filez.ts';
import { answerMemory } from '../http/answer-memory.ts';
import type { Counters } from '../http/counters.ts';
import type { Link } from '../http/link-speed.ts';
import { isLoopBusy as isEventLoopBusy } from '../http/machine-busy.ts';
import { PIECE_BYTES, pieceStream } from '../http/piece-stream.ts';
import type { Levels } from './deflate-levels.ts';
import type { DiskCache } from './disk-cache.ts';
import { linkStream } from './link-stream.ts';
import { type OpenSource, SharedStream } from './shared-stream.ts';
import { SharedUse } from './shared-use.ts';
import { TailedFile } from './tailed-file.ts';

const WINDOW_BYTES = 256 * 1024;
/** Small encodings at once: one less than the threads of the libuv pool, so that file reads do not stall. */
const CONCURRENCY = 3;
/** Instead of `quick`, which takes the time of the event loop and needs all of an object in memory. */
const POOL_LEVEL = 3;
/** Up to this size zlib would take the time of the event loop as well. */
const LOOP_BYTES = 64 * 1024;
/** Large objects written into the cache at once. */
const TAILED_FILES = 4;

export type EncoderOptions = {
  readonly objects: ObjectSource;
  readonly levels: Levels;
  /** Gets what is encoded; only with fixed levels. */
  readonly cache: DiskCache | undefined;
  readonly counters: Counters;
  /** Called when a large object fails after its encoding has begun. */
  readonly onStreamFault: (checksum: Checksum, error: unknown) => void;
  /** Aborts every encoding, including one that only fills the cache. */
  readonly signal: AbortSignal;
  /** Whether the event loop has hardly any time left. */
  readonly isLoopBusy?: () => boolean;
};

export type Encoded = {
  /** The bytes of a small object, a stream of a large one. */
  readonly content: Buffer | Readable;
  /** Id of the encoder: equal ids give equal bytes. Undefined for bytes of one connection. */
  readonly encoder: string | undefined;
  /** Call when `content` is not read any more; it may be freed then. */
  readonly release?: () => void;
};

/**
 * The archive file of an object. Rejects with the errors of the source, and with ERR_OBJECT_CORRUPT for a
 * small object whose checksum does not match.
 */
export type Encoder = (checksum: Checksum, link: Link) => Promise<Encoded>;

/** Shared by the requests for one object; `join` returns undefined when it is too late to join. */
type Shared = {
  readonly content: Buffer | { join(): Readable | undefined };
  readonly encoder: string;
};
/** An object by itself is a large one, which each client gets by a stream of its own. */
type Started = Shared | ContentObject;
type UnderWay = { readonly started: Promise<Started>; readonly use: SharedUse };
type Place = { readonly key: string; readonly use: SharedUse };

export function createEncoder(options: EncoderOptions): Encoder {
  const { objects, levels, cache, counters, onStreamFault, signal } = options;
  const { isLoopBusy = isEventLoopBusy } = options;
  const isFixed = levels.fast === levels.slow;
  const small = new Semaphore(CONCURRENCY);
  const tailed = new Semaphore(TAILED_FILES);
  /** By level and object. */
  const underWay = new Map<string, UnderWay>();

  const levelFor = (size: number, wanted: Level): Level => {
    if (size <= STORED_BYTES) return levels.canonical;
    return wanted === 'quick' && size > LOOP_BYTES && isLoopBusy() ? POOL_LEVEL : wanted;
  };

  const encodeSmall = (checksum: Checksum, object: ContentObject, wanted: Level, { key, use }: Place) => {
    const { promise, resolve, reject } = Promise.withResolvers<Shared>();
    const level = levelFor(object.size, wanted);
    const encoder = encoderId(level);
    const job = async () => {
      signal.throwIfAborted();
      if (object.size > PIECE_BYTES && answerMemory.isFull) {
        const streamed = level === 'quick' ? POOL_LEVEL : level;
        const content = shareStream(key, checksum, object, streamed);
        resolve({ content, encoder: encoderId(streamed) });
        return;
      }
      const content = await encodeVerifiedFilez(object, checksum, level);
      counters.encoded += 1;
      counters.encodedBytes += content.length;
      resolve({ content, encoder });
      // Inside the semaphore, so that a slow disk does not pile up buffers.
      await cache?.store(checksum, content);
      underWay.delete(key);
      use.close(content);
    };
    small.run(job).catch(reject);
    return promise;
  };

  /** Counts the pieces, and reports a fault. */
  async function* watched(checksum: Checksum, pieces: AsyncGenerator<Buffer>): AsyncGenerator<Buffer> {
    try {
      for await (const piece of pieces) {
        signal.throwIfAborted();
        counters.encodedBytes += piece.length;
        yield piece;
      }
      counters.encoded += 1;
    } catch (error) {
      if (!signal.aborted) onStreamFault(checksum, error);
      throw error;
    }
  }

  const sourceOf =
    (checksum: Checksum, object: ContentObject, level: number): OpenSource =>
    () =>
      watched(checksum, streamVerifiedFilez(object, checksum, level));

  const shareStream = (key: string, checksum: Checksum, object: ContentObject, level: number) =>
    new SharedStream(sourceOf(checksum, object, level), WINDOW_BYTES, () => underWay.delete(key));

  const writeIntoCache = async (key: string, checksum: Checksum, object: ContentObject, level: number) => {
    const leave = cache !== undefined && object.size <= cache.maxBytes ? tailed.tryEnter() : undefined;
    if (cache === undefined || leave === undefined) return undefined;
    const path = cache.temporaryPath(checksum);
    const file = await TailedFile.create(path, sourceOf(checksum, object, level)).catch((error) =>
      cache.failed(path, error),
    );
    if (file === undefined) {
      leave();
      return undefined;
    }
    const finish = async () => {
      const outcome = await file.fill();
      // Later callers hit the cache; after a failure the next caller encodes again.
      if (outcome.kind === 'complete') await cache.adopt(checksum, path, file.size);
      underWay.delete(key);
      file.release();
      if (outcome.kind === 'disk failed') await cache.failed(path, outcome.error);
      if (outcome.kind === 'source failed') await cache.discard(path);
      leave();
    };
    void finish();
    return file;
  };

  const begin = async (checksum: Checksum, wanted: Level, { key, use }: Place): Promise<Started> => {
    const object = await objects.content(checksum);
    if (object.size <= SMALL_OBJECT_BYTES) return encodeSmall(checksum, object, wanted, { key, use });
    if (!isFixed) {
      underWay.delete(key);
      return object;
    }
    const level = levels.canonical;
    const content =
      (await writeIntoCache(key, checksum, object, level)) ?? shareStream(key, checksum, object, level);
    return { content, encoder: encoderId(level) };
  };

  const start = (key: string, checksum: Checksum, level: Level): UnderWay => {
    const use = new SharedUse();
    const started = begin(checksum, level, { key, use });
    const shared = { started, use };
    underWay.set(key, shared);
    started.catch(() => underWay.delete(key));
    return shared;
  };

  return async (checksum, link) => {
    const level = link.isSlow ? levels.slow : levels.fast;
    const key = `${level} ${checksum}`;
    for (;;) {
      const shared = underWay.get(key) ?? start(key, checksum, level);
      // Before the wait, so that the bytes are still there after it.
      const release = shared.use.enter();
      const started = await shared.started;
      if (!('encoder' in started)) {
        const reusesMemory = () => content.reusesMemory;
        const pieces = linkStream(started, checksum, { link, reusesMemory });
        const content = pieceStream(watched(checksum, pieces));
        return { content, encoder: undefined };
      }
      const { encoder } = started;
      const content = Buffer.isBuffer(started.content) ? started.content : started.content.join();
      if (content !== undefined) return { content, encoder, release };
    }
  };
}
