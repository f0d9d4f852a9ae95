/**
 * What compresses and hashes, and the memory it works on, for all streams of the process. As far as the
 * format allows that is libuv's pool, because each thread of our own takes 10 MB. Else threads are started
 * and kept until the process exits (docs/decisions/0158-layers-on-the-pool.md).
 */
import { availableParallelism } from 'node:os';
import { Semaphore } from '../../base/semaphore.ts';
import { leastBusy, Thread } from '../../base/thread.ts';
import type { BlockFormat, BlockFormatOnPool } from './block-format.ts';
import type { CompressRequest } from './compress-block.ts';
import { FORMATS } from './formats.ts';
import { hashesOnPool, PoolSums } from './pool-sums.ts';
import { SlotPool } from './slots.ts';
import { type HashRequest, StreamSums, type Sums } from './stream-sums.ts';

type Hasher = (request: HashRequest) => Promise<Sums | undefined>;
type Compressor = (request: CompressRequest) => Promise<number>;

const MAX_THREADS = 32;
/** The pool has four threads; hashing, reading and writing files need one. */
const MAX_ON_POOL = 3;
const shared: { threads: CompressionThreads | undefined } = { threads: undefined };

export class CompressionThreads {
  readonly count: number;
  readonly slots: SlotPool;
  readonly #onPool: Semaphore;
  readonly #compressor: Compressor;
  #onPoolOrHere: Hasher | undefined;
  #onThread: Hasher | undefined;
  #streams = 0;

  /** `count` processors compress. */
  constructor(count: number) {
    this.count = count;
    // One more than processors, so that none waits until the calling thread knows that a block is done.
    this.#onPool = new Semaphore(Math.min(count + 1, MAX_ON_POOL));
    this.slots = new SlotPool((format) => (this.#poolOf(format) === undefined ? count : this.#onPool.limit));
    this.#compressor = compressorOnThreads(count);
  }

  /** Compresses a block; resolves to the number of bytes in `output`. */
  compress(request: CompressRequest): Promise<number> {
    const { encoder, block, level, output } = request;
    const pool = this.#poolOf(FORMATS[encoder]);
    if (pool === undefined) return this.#compressor(request);
    return this.#onPool.run(() => pool.compress(block, level, output));
  }

  /** Starts to hash a stream of this format. */
  hashStream(format: BlockFormat): HashStream {
    this.#streams += 1;
    return new HashStream(this.#hasherOf(format), this.#streams);
  }

  #poolOf({ pool }: BlockFormat): BlockFormatOnPool | undefined {
    return pool !== undefined && this.count <= pool.processors ? pool : undefined;
  }

  #hasherOf(format: BlockFormat): Hasher {
    if (this.#poolOf(format) !== undefined) {
      this.#onPoolOrHere ??= hasherOnPoolOrHere();
      return this.#onPoolOrHere;
    }
    this.#onThread ??= hasherOnThread();
    return this.#onThread;
  }
}

function compressorOnThreads(count: number): Compressor {
  const threads: Thread<CompressRequest, number>[] = [];
  return (request) => {
    while (threads.length < count) threads.push(new Thread(import.meta.url, './compress-thread'));
    return leastBusy(threads).call(request);
  };
}

function hasherOnThread(): Hasher {
  const thread = new Thread<HashRequest, Sums | undefined>(import.meta.url, './hash-thread');
  return (request) => thread.call(request);
}

function hasherOnPoolOrHere(): Hasher {
  const sums = hashesOnPool() ? new PoolSums() : new StreamSums();
  return async (request) => sums.take(request);
}

/** Hashes a stream. The caller must call `end`, also after a failure. */
export class HashStream {
  readonly #hasher: Hasher;
  readonly #stream: number;

  constructor(hasher: Hasher, stream: number) {
    this.#hasher = hasher;
    this.#stream = stream;
  }

  /** Resolves when the memory of `bytes` may be reused. */
  async update(bytes: Uint8Array): Promise<void> {
    await this.#hasher({ stream: this.#stream, bytes });
  }

  end(): Promise<Sums> {
    return this.#hasher({ stream: this.#stream, bytes: undefined }) as Promise<Sums>;
  }
}

/** The process-wide threads, one for each processor. */
export function sharedThreads(): CompressionThreads {
  shared.threads ??= new CompressionThreads(Math.min(availableParallelism(), MAX_THREADS));
  return shared.threads;
}
