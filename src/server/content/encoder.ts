/**
 * Encodes content objects as archive files on demand, at one deflate level.
 *
 * Concurrent requests for one object share one encoding. Small objects are read whole, verified and deflated
 * before anything is sent. Large objects are sent while they are encoded, and verified at the end: through a
 * {@link TailedFile} if there is a cache; otherwise, or if enough files are being written or the object
 * exceeds the cache, through a {@link SharedStream} at the pace of the clients. Either way memory is bounded,
 * and a fault is an error of the stream, never a clean end.
 *
 * Only small encodings and tailed files are limited in number. A large stream is paced by its reader and must
 * not queue, because clients time out after 30 s without a byte.
 */
import type { Readable } from 'node:stream';
import type { Checksum } from '../../ostree/checksum.ts';
import { encodeFilez } from '../../ostree/filez.ts';
import type { ContentObject, ObjectSource } from '../../ostree/object-source.ts';
import { encodeVerifiedFilez } from '../../ostree/verified-filez.ts';
import { verifiedStream } from '../../ostree/verify.ts';
import { answerMemory } from '../http/answer-memory.ts';
import type { Counters } from '../http/counters.ts';
import { PIECE_BYTES } from '../http/piece-stream.ts';
import type { DiskCache } from './disk-cache.ts';
import { Semaphore } from './semaphore.ts';
import { type OpenSource, SharedStream } from './shared-stream.ts';
import { TailedFile } from './tailed-file.ts';

/** Objects up to this size are encoded in memory. */
const SMALL_OBJECT_BYTES = 1024 * 1024;
const WINDOW_BYTES = 256 * 1024;
/** Small encodings at once: one less than the threads of the libuv pool, so that file reads do not stall. */
const CONCURRENCY = 3;
/** Large objects written into the cache at once. */
const TAILED_FILES = 4;

export type EncoderOptions = {
  readonly objects: ObjectSource;
  /** Deflate level; 0 stores. */
  readonly level: number;
  readonly cache: DiskCache | undefined;
  readonly counters: Counters;
  /** Called when a large object fails after its encoding has begun. */
  readonly onStreamFault: (checksum: Checksum, error: unknown) => void;
  /** Aborts every encoding, including one that only fills the cache. */
  readonly signal: AbortSignal;
};

/**
 * The archive file of an object: the bytes of a small one, a stream of a large one. Rejects with the errors
 * of the source, and with ERR_OBJECT_CORRUPT for a small object whose checksum does not match.
 */
export type Encoder = (checksum: Checksum) => Promise<Buffer | Readable>;

/** Shared by the requests for one object; `join` returns undefined when it is too late to join. */
type Shared = Buffer | { join(): Readable | undefined };

export function createEncoder(options: EncoderOptions): Encoder {
  const { objects, level, cache, counters, onStreamFault, signal } = options;
  const small = new Semaphore(CONCURRENCY);
  const tailed = new Semaphore(TAILED_FILES);
  const underWay = new Map<Checksum, Promise<Shared>>();

  const encodeSmall = (checksum: Checksum, object: ContentObject): Promise<Shared> => {
    const { promise, resolve, reject } = Promise.withResolvers<Shared>();
    const job = async () => {
      signal.throwIfAborted();
      if (object.size > PIECE_BYTES && answerMemory.isFull) {
        resolve(shareStream(checksum, object));
        return;
      }
      const bytes = await encodeVerifiedFilez(object, checksum, level);
      counters.encoded += 1;
      counters.encodedBytes += bytes.length;
      resolve(bytes);
      // Inside the semaphore, so that a slow disk does not pile up buffers.
      await cache?.store(checksum, bytes);
      underWay.delete(checksum);
    };
    small.run(job).catch(reject);
    return promise;
  };

  const sourceOf = (checksum: Checksum, object: ContentObject): OpenSource =>
    async function* () {
      try {
        const verified = { ...object, stream: () => verifiedStream(object, checksum) };
        for await (const piece of encodeFilez(verified, level)) {
          signal.throwIfAborted();
          counters.encodedBytes += piece.length;
          yield piece;
        }
        counters.encoded += 1;
      } catch (error) {
        if (!signal.aborted) onStreamFault(checksum, error);
        throw error;
      }
    };

  const shareStream = (checksum: Checksum, object: ContentObject): Shared =>
    new SharedStream(sourceOf(checksum, object), WINDOW_BYTES, () => underWay.delete(checksum));

  const writeIntoCache = async (checksum: Checksum, object: ContentObject): Promise<Shared | undefined> => {
    const leave = cache !== undefined && object.size <= cache.maxBytes ? tailed.tryEnter() : undefined;
    if (cache === undefined || leave === undefined) return undefined;
    const path = cache.temporaryPath(checksum);
    const file = await TailedFile.create(path, sourceOf(checksum, object)).catch((error) =>
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
      underWay.delete(checksum);
      file.release();
      if (outcome.kind === 'disk failed') await cache.failed(path, outcome.error);
      if (outcome.kind === 'source failed') await cache.discard(path);
      leave();
    };
    void finish();
    return file;
  };

  const begin = async (checksum: Checksum): Promise<Shared> => {
    const object = await objects.content(checksum);
    if (object.size <= SMALL_OBJECT_BYTES) return encodeSmall(checksum, object);
    return (await writeIntoCache(checksum, object)) ?? shareStream(checksum, object);
  };

  const start = (checksum: Checksum): Promise<Shared> => {
    const started = begin(checksum);
    underWay.set(checksum, started);
    started.catch(() => underWay.delete(checksum));
    return started;
  };

  return async (checksum) => {
    for (;;) {
      const shared = await (underWay.get(checksum) ?? start(checksum));
      const content = Buffer.isBuffer(shared) ? shared : shared.join();
      if (content !== undefined) return content;
    }
  };
}
