/**
 * Makes parts of virtual deltas: reads their objects, and has them packed on threads of their own, piece by
 * piece, at the pace of the consumer. A thread makes one part at a time and holds its objects, so memory
 * grows with the threads and with the size of parts ({@link VIRTUAL_PART_BYTES}). Without work, threads end
 * and their memory is freed.
 */
import { availableParallelism } from 'node:os';
import { freeNow } from '../../base/bytes.ts';
import { Semaphore } from '../../base/semaphore.ts';
import { Thread } from '../../base/thread.ts';
import type { ObjectName } from '../../ostree/object-name.ts';
import type { ObjectSource } from '../../ostree/object-source.ts';
import { type FilledMemory, type PartMemory, readPartObjects, type Verified } from './part-objects.ts';
import type { MeasuredPart, PartAnswer, PartPiece, PartRequest } from './part-thread.ts';
import type { VirtualProfile } from './virtual-delta.ts';

/** Bytes of content in a part. Small parts keep the memory of servers small, and cost few requests. */
export const VIRTUAL_PART_BYTES = 8_000_000;
/** Clients fetch larger files as objects, so that no part takes much memory. */
export const MAX_PART_FILE_BYTES = VIRTUAL_PART_BYTES;

const MAX_THREADS = 4;
const THREAD_LIMITS = { maxYoungGenerationSizeMb: 2, maxOldGenerationSizeMb: 256, stackSizeMb: 1 };

/** Threads end when there was nothing to do for so long. */
const REST_MS = 10_000;

type PartThread = Thread<PartRequest, PartAnswer>;

/** `isCalm`: the threads give way to everything else on the machine. */
export class PartMaker {
  readonly threads: number;
  readonly #isCalm: boolean;
  readonly #turns: Semaphore;
  /** Parts that are sent are read one at a time, so that the memory of one is enough. */
  readonly #reading = new Semaphore(1);
  #idle: PartThread[] = [];
  #jobs = 0;
  #resting: NodeJS.Timeout | undefined;

  constructor({ threads = Math.min(availableParallelism(), MAX_THREADS), isCalm = false } = {}) {
    this.threads = threads;
    this.#turns = new Semaphore(threads);
    this.#isCalm = isCalm;
  }

  /**
   * The part file in pieces, when it is its turn. Where only metadata is verified, the part's own checksum
   * shows whether the rest is right. ERR_OBJECT_MISSING, ERR_OBJECT_UNREADABLE, ERR_OBJECT_CORRUPT.
   */
  async *pieces(source: ObjectSource, { objects, profile, verify }: MakeOptions): AsyncGenerator<PartPiece> {
    using job = await this.#beginPart(source, { objects, profile, verify });
    const { thread } = job;
    try {
      const next = () => thread.call({ kind: 'next' }) as Promise<PartPiece>;
      for (let upcoming = next(); ; ) {
        const piece = await upcoming;
        // The thread works on while the consumer has this piece.
        if (piece.checksum === undefined) upcoming = next();
        upcoming.catch(() => {});
        yield piece;
        if (piece.checksum !== undefined) return;
      }
    } finally {
      thread.call({ kind: 'end' }).catch(() => {});
    }
  }

  /** Verifies the objects of a part, and makes it in each profile; the errors of {@link pieces}. */
  async measure(
    source: ObjectSource,
    objects: readonly ObjectName[],
    profiles: readonly VirtualProfile[],
  ): Promise<readonly MeasuredPart[]> {
    using job = await this.#begin();
    const { thread } = job;
    const measured: MeasuredPart[] = [];
    let filled = await readPartObjects(source, objects, 'all');
    for (const profile of profiles) {
      filled = { ...filled, memory: await begin(thread, profile, filled) };
      measured.push((await thread.call({ kind: 'measure' })) as MeasuredPart);
    }
    freeNow(filled.memory);
    return measured;
  }

  /** Resolves when idle threads have ended; the next call starts others. */
  async close(): Promise<void> {
    clearTimeout(this.#resting);
    await Promise.all(this.#idle.splice(0).map((thread) => thread.close()));
  }

  /**
   * Reads the part and begins it on a thread. Where nothing is compressed, reading takes as long as packing,
   * so that a part is read while the threads are busy; elsewhere the thread comes first, and no part waits in
   * memory.
   */
  async #beginPart(source: ObjectSource, { objects, profile, verify }: MakeOptions): Promise<Job> {
    const begun: { job: Job | undefined } = { job: profile === 'lan' ? undefined : await this.#begin() };
    try {
      return await this.#reading.run(async () => {
        const filled = await readPartObjects(source, objects, verify);
        begun.job ??= await this.#begin();
        freeNow(await begin(begun.job.thread, profile, filled));
        return begun.job;
      });
    } catch (error) {
      begun.job?.[Symbol.dispose]();
      throw error;
    }
  }

  /** A thread for one job, when it is its turn. */
  async #begin(): Promise<Job> {
    const leave = await this.#turns.enter();
    clearTimeout(this.#resting);
    this.#jobs += 1;
    const thread = this.#idle.pop() ?? this.#start();
    return {
      thread,
      [Symbol.dispose]: () => {
        if (!thread.hasFailed) this.#idle.push(thread);
        this.#jobs -= 1;
        if (this.#jobs === 0) this.#resting = setTimeout(() => void this.close(), REST_MS).unref();
        leave();
      },
    };
  }

  #start(): PartThread {
    const started: PartThread = new Thread(import.meta.url, './part-thread', THREAD_LIMITS);
    if (this.#isCalm) started.call({ kind: 'calm' }).catch(() => {});
    return started;
  }
}

export type MakeOptions = {
  readonly objects: readonly ObjectName[];
  readonly profile: VirtualProfile;
  readonly verify: Verified;
};

type Job = Disposable & { readonly thread: PartThread };

/** Begins a part on the thread; gives the memory back. */
async function begin(
  thread: PartThread,
  profile: VirtualProfile,
  { memory, objects }: FilledMemory,
): Promise<PartMemory> {
  const request = { kind: 'begin', profile, objects, memory } as const;
  return (await thread.call(request, [memory.buffer])) as PartMemory;
}
