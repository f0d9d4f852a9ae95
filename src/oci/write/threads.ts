/**
 * What compresses and hashes, and the memory it works on, for all streams of the process. On one processor
 * that is libuv's pool and the calling thread, because each thread of our own takes 10 MB. On more, threads
 * are started and kept until the process exits: the calling thread would be the slowest
 * (docs/decisions/0144-threads-and-memory-of-verbs.md).
 */
import { availableParallelism } from 'node:os';
import { Semaphore } from '../../base/semaphore.ts';
import { leastBusy, Thread } from '../../base/thread.ts';
import { type CompressRequest, compressOnPool } from './compress-block.ts';
import { SlotPool } from './slots.ts';
import { type HashRequest, StreamSums, type Sums } from './stream-sums.ts';

type Hasher = (request: HashRequest) => Promise<Sums | undefined>;
type Compressor = (request: CompressRequest) => Promise<number>;

const MAX_THREADS = 32;
/** Blocks that are compressed at once without threads of our own. */
const MAX_ON_POOL = 1;
const shared: { threads: CompressionThreads | undefined } = { threads: undefined };

export class CompressionThreads {
  readonly count: number;
  readonly slots: SlotPool;
  /** Compresses a block; resolves to the number of bytes in `output`. */
  readonly compress: Compressor;
  readonly #hasher: Hasher;
  #streams = 0;

  /** `count` blocks are compressed at once. */
  constructor(count: number) {
    this.count = count;
    this.slots = new SlotPool(count);
    this.compress = count > MAX_ON_POOL ? onThreads(count) : onPool(count);
    this.#hasher = count > MAX_ON_POOL ? onThread() : here();
  }

  /** Starts to hash a stream. */
  hashStream(): HashStream {
    this.#streams += 1;
    return new HashStream(this.#hasher, this.#streams);
  }
}

function onThreads(count: number): Compressor {
  const threads: Thread<CompressRequest, number>[] = [];
  return (request) => {
    while (threads.length < count) threads.push(new Thread(import.meta.url, './compress-thread'));
    return leastBusy(threads).call(request);
  };
}

/** Formats whose bytes the pool cannot make are compressed on threads. */
function onPool(count: number): Compressor {
  const turns = new Semaphore(count);
  const others = onThreads(count);
  return (request) => {
    const work = compressOnPool(request);
    return work === undefined ? others(request) : turns.run(work);
  };
}

function onThread(): Hasher {
  const thread = new Thread<HashRequest, Sums | undefined>(import.meta.url, './hash-thread');
  return (request) => thread.call(request);
}

function here(): Hasher {
  const sums = new StreamSums();
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
