/**
 * The threads that compress and hash, and the memory they work on, for all streams of the process. Threads
 * start on first use and are kept until the process exits.
 */
import { availableParallelism } from 'node:os';
import { leastBusy, Thread } from '../../base/thread.ts';
import type { CompressRequest } from './compress-thread.ts';
import type { HashRequest, Sums } from './hash-thread.ts';
import { SlotPool } from './slots.ts';

type HashThread = Thread<HashRequest, Sums | undefined>;

const MAX_THREADS = 32;
const shared: { threads: CompressionThreads | undefined } = { threads: undefined };

export class CompressionThreads {
  readonly count: number;
  readonly slots: SlotPool;
  readonly #compressors: readonly Thread<CompressRequest, number>[];
  readonly #hasher: HashThread = new Thread(import.meta.url, './hash-thread');
  #streams = 0;

  constructor(count: number) {
    this.count = count;
    this.slots = new SlotPool(count);
    this.#compressors = Array.from({ length: count }, () => new Thread(import.meta.url, './compress-thread'));
  }

  /** Compresses a block on the least busy thread; returns the number of bytes in `output`. */
  compress(request: CompressRequest): Promise<number> {
    return leastBusy(this.#compressors).call(request);
  }

  /** Starts to hash a stream. */
  hashStream(): HashStream {
    this.#streams += 1;
    return new HashStream(this.#hasher, this.#streams);
  }
}

/** Hashes a stream on another thread. The caller must call `end`, also after a failure. */
export class HashStream {
  readonly #thread: HashThread;
  readonly #stream: number;

  constructor(thread: HashThread, stream: number) {
    this.#thread = thread;
    this.#stream = stream;
  }

  /** Resolves when the shared memory of `bytes` may be reused. */
  async update(bytes: Uint8Array): Promise<void> {
    await this.#thread.call({ stream: this.#stream, bytes });
  }

  end(): Promise<Sums> {
    return this.#thread.call({ stream: this.#stream, bytes: undefined }) as Promise<Sums>;
  }
}

/** The process-wide threads, one for each processor. */
export function sharedThreads(): CompressionThreads {
  shared.threads ??= new CompressionThreads(Math.min(availableParallelism(), MAX_THREADS));
  return shared.threads;
}
