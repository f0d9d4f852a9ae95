/**
 * The write threads of a transaction, fed with objects in blocks of shared memory. The number of blocks
 * bounds the memory: add() waits while all of them are in use.
 */
import { join } from 'node:path';
import { leastBusy } from '../../base/thread.ts';
import { type Checksum, checksumOf } from '../../ostree/checksum.ts';
import { formatObjectName, type ObjectName } from '../../ostree/object-name.ts';
import { Batch, type Place } from './batch.ts';
import { type FilledBlock, filledBlocks, MemoryPool } from './memory-pool.ts';
import type { StagedRepo } from './staging.ts';
import type { TransactionStats } from './transaction-calls.ts';
import { WorkInFlight } from './work-in-flight.ts';
import {
  giveThreads,
  type PackedObject,
  type WriteAnswer,
  type WriteThread,
  type WriteWork,
} from './write-threads.ts';

/** Objects up to this size are sent to a thread whole, larger files in pieces of this size. */
export const WRITE_BLOCK_BYTES: number = 2 * 1024 * 1024;

/**
 * Numbers are unique in the process, because a thread may get files of the next transaction before this one's
 * end.
 */
const largeFiles = { count: 0 };

export class Writers {
  readonly #repo: StagedRepo;
  readonly #directory: string;
  readonly #threads: readonly WriteThread[];
  readonly #memory: MemoryPool;
  readonly #pending = new Set<string>();
  readonly #work = new WorkInFlight();
  #batch: Batch | undefined;

  /** Owns the threads until `close`. */
  constructor(repo: StagedRepo, threads: readonly WriteThread[]) {
    this.#repo = repo;
    this.#directory = join(repo.staging.repo, 'tmp');
    this.#threads = threads;
    // One for each thread, one that is filled, and one that waits for the first idle thread.
    this.#memory = new MemoryPool(threads.length + 2, WRITE_BLOCK_BYTES);
  }

  /** True if the object was given but is not written yet. */
  isPending(name: ObjectName): boolean {
    return this.#pending.has(formatObjectName(name));
  }

  /** Throws the first error of the threads. */
  check(): void {
    this.#work.check();
  }

  /**
   * Adds an object of `length` bytes, which `fill` copies into the memory it gets. Returns the checksum;
   * without one it is that of the memory, as for content objects.
   */
  async add(
    type: PackedObject['type'],
    checksum: Checksum | undefined,
    length: number,
    fill: (memory: Uint8Array) => Promise<void> | void,
  ): Promise<Checksum> {
    const place = await this.#place(length);
    const given = checksum === undefined ? undefined : formatObjectName({ type, checksum });
    if (given !== undefined) this.#pending.add(given);
    try {
      await fill(place.memory);
      const object = { type, checksum: checksum ?? checksumOf(place.memory) };
      this.#pending.add(formatObjectName(object));
      place.done(object);
      return object.checksum;
    } catch (error) {
      if (given !== undefined) this.#pending.delete(given);
      place.done();
      throw error;
    }
  }

  /** Adds a content object from its hashed stream, and returns its checksum when it is written. */
  async addLarge(checksum: Checksum | undefined, stream: AsyncIterable<Uint8Array>): Promise<Checksum> {
    largeFiles.count += 1;
    const file = largeFiles.count;
    const thread = this.#idlest();
    try {
      for await (const block of filledBlocks(stream, this.#memory)) {
        this.#sendPiece(thread, file, block);
        this.check();
      }
    } catch (error) {
      // Best effort: the first error is the one to report.
      await this.#call({ kind: 'drop', file }, thread).catch(() => {});
      throw error;
    }
    const finished = this.#call({ kind: 'finish', file, checksum }, thread);
    await this.#work.track(async () => void (await finished));
    this.check();
    return checksum ?? ((await finished) as Checksum);
  }

  /** Runs other work on a thread; `settle` waits for it as well. */
  async run(work: WriteWork): Promise<void> {
    const answer = this.#call(work, this.#idlest());
    void this.#work.track(async () => void (await answer));
    await answer;
  }

  /** Ends the transaction; the threads must be idle. */
  async commit(): Promise<TransactionStats> {
    return (await this.#call({ kind: 'commit' }, this.#idlest())) as TransactionStats;
  }

  /** The same, without its objects. */
  async abort(): Promise<void> {
    const { pointer: repo, staging } = this.#repo;
    await this.#idlest().call({ kind: 'abort', repo, syncs: staging.syncs });
  }

  /** Resolves when everything given before is written; throws the first error. */
  async settle(): Promise<void> {
    this.#sendBatch();
    await this.#work.settle();
  }

  /** Accepts no more objects, and resolves when the threads are idle. */
  async stop(): Promise<void> {
    this.#work.fail(new Error('the transaction was aborted'));
    await this.settle().catch(() => {});
  }

  /** Returns the threads, after their current work, and the memory. */
  async close(): Promise<void> {
    await giveThreads(this.#threads);
    this.#memory.close();
  }

  #call(work: WriteWork, thread: WriteThread): Promise<WriteAnswer> {
    return thread.call({ ...work, repo: this.#repo });
  }

  #idlest(): WriteThread {
    return leastBusy(this.#threads);
  }

  async #place(length: number): Promise<Place> {
    if (length > WRITE_BLOCK_BYTES) return this.#ownPlace(length);
    for (;;) {
      const place = this.#batch?.reserve(length);
      if (place !== undefined) return place;
      this.#sendBatch();
      const block = await this.#memory.take();
      // Another caller may have started a batch while this one waited.
      if (this.#batch === undefined) this.#batch = new Batch(block);
      else this.#memory.give(block);
      this.check();
    }
  }

  /** Metadata larger than a block is rare, so it gets memory of its own. */
  #ownPlace(length: number): Place {
    const batch = new Batch(new Uint8Array(new SharedArrayBuffer(length)));
    const place = batch.reserve(length) as Place;
    this.#send(batch, () => {});
    return place;
  }

  #sendBatch(): void {
    const batch = this.#batch;
    if (batch === undefined) return;
    this.#batch = undefined;
    this.#send(batch, () => this.#memory.give(batch.memory));
  }

  #send(batch: Batch, release: () => void): void {
    void this.#work.track(async () => {
      const objects = await batch.objects();
      try {
        const { memory } = batch;
        if (objects.length > 0) await this.#call({ kind: 'objects', memory, objects }, this.#idlest());
      } finally {
        release();
        for (const object of objects) this.#pending.delete(formatObjectName(object));
      }
    });
  }

  #sendPiece(thread: WriteThread, file: number, { memory, length }: FilledBlock): void {
    const bytes = memory.subarray(0, length);
    void this.#work.track(async () => {
      try {
        await this.#call({ kind: 'piece', file, directory: this.#directory, bytes }, thread);
      } finally {
        this.#memory.give(memory);
      }
    });
  }
}
