/**
 * The write threads of a transaction, fed with objects in blocks of shared memory. How many blocks there are bounds the
 * memory: who has an object to give waits for a free one.
 */
import { join } from 'node:path';
import type { Checksum } from '../../ostree/checksum.ts';
import { formatObjectName, type ObjectName } from '../../ostree/object-name.ts';
import { Batch, type Place } from './batch.ts';
import { type FilledBlock, filledBlocks, MemoryPool } from './memory-pool.ts';
import type { StagedRepo } from './staging.ts';
import type { TransactionStats } from './transaction-calls.ts';
import { giveThreads, type PackedObject, type WriteThread, type WriteWork } from './write-threads.ts';

/** Objects up to this size go to a thread whole; larger files go in pieces of it. */
export const BLOCK_BYTES: number = 4 * 1024 * 1024;

/** Each has a number of its own in the process: a thread may get one of the next transaction before one of this has ended. */
const largeFiles = { count: 0 };

export class Writers {
  readonly #repo: StagedRepo;
  readonly #directory: string;
  readonly #threads: readonly WriteThread[];
  readonly #memory: MemoryPool;
  readonly #pending = new Set<string>();
  readonly #running = new Set<Promise<void>>();
  #batch: Batch | undefined;
  #fault: { readonly error: unknown } | undefined;

  /** The threads are this object's until `close`. */
  constructor(repo: StagedRepo, threads: readonly WriteThread[]) {
    this.#repo = repo;
    this.#directory = join(repo.staging.repo, 'tmp');
    this.#threads = threads;
    this.#memory = new MemoryPool(2 * threads.length + 2, BLOCK_BYTES);
  }

  /** True if the object was given and is not written yet. */
  isPending(name: ObjectName): boolean {
    return this.#pending.has(formatObjectName(name));
  }

  /** Throws the first fault of the threads. */
  check(): void {
    if (this.#fault !== undefined) throw this.#fault.error;
  }

  /** Takes an object of `length` bytes, which `fill` puts into the memory that it is given. */
  async add(
    type: PackedObject['type'],
    checksum: Checksum,
    length: number,
    fill: (memory: Uint8Array) => Promise<void> | void,
  ): Promise<void> {
    const place = await this.#place(type, checksum, length);
    const name = formatObjectName({ type, checksum });
    this.#pending.add(name);
    try {
      await fill(place.memory);
      place.done(true);
    } catch (error) {
      this.#pending.delete(name);
      place.done(false);
      throw error;
    }
  }

  /** Takes a content object as its hashed stream, and has written it when it resolves. */
  async addLarge(checksum: Checksum, stream: AsyncIterable<Uint8Array>): Promise<void> {
    largeFiles.count += 1;
    const file = largeFiles.count;
    const thread = this.#idlest();
    const end = (checksum: Checksum | undefined) => this.#call({ kind: 'end', file, checksum }, thread);
    try {
      for await (const block of filledBlocks(stream, this.#memory)) {
        this.#sendPiece(thread, file, block);
        this.check();
      }
    } catch (error) {
      // What it may say besides is of no interest any more.
      await end(undefined).catch(() => {});
      throw error;
    }
    await this.#track(() => end(checksum));
    this.check();
  }

  /** Has a thread do something else; `settle` waits for it, too. */
  async run(work: WriteWork): Promise<void> {
    const answer = this.#call(work, this.#idlest());
    void this.#track(async () => answer);
    await answer;
  }

  /** Ends the transaction; the threads must be at rest. `syncs` is what it began with. */
  async end(kind: 'commit' | 'abort', syncs: boolean): Promise<TransactionStats | undefined> {
    const answer = await this.#idlest().call({ kind, repo: this.#repo.pointer, syncs });
    return answer as TransactionStats | undefined;
  }

  /** Resolves when everything that was given is written; throws the first fault. */
  async settle(): Promise<void> {
    this.#sendBatch();
    while (this.#running.size > 0) await Promise.all(this.#running);
    this.check();
  }

  /** Takes nothing any more, and resolves when the threads are at rest. */
  async stop(): Promise<void> {
    this.#fault ??= { error: new Error('the transaction was aborted') };
    await this.settle().catch(() => {});
  }

  /** Gives up the threads, after what they are at, and the memory. */
  async close(): Promise<void> {
    await giveThreads(this.#threads);
    this.#memory.close();
  }

  async #call(work: WriteWork, thread: WriteThread): Promise<void> {
    await thread.call({ ...work, repo: this.#repo });
  }

  #idlest(): WriteThread {
    return this.#threads.reduce((best, other) => (other.load < best.load ? other : best));
  }

  /** Work that goes on while more is given. Never rejects: the fault comes with the next check. */
  #track(work: () => Promise<void>): Promise<void> {
    const run: Promise<void> = work()
      .catch((error: unknown) => {
        this.#fault ??= { error };
      })
      .finally(() => this.#running.delete(run));
    this.#running.add(run);
    return run;
  }

  async #place(type: PackedObject['type'], checksum: Checksum, length: number): Promise<Place> {
    if (length > BLOCK_BYTES) return this.#ownPlace(type, checksum, length);
    for (;;) {
      const place = this.#batch?.reserve(type, checksum, length);
      if (place !== undefined) return place;
      this.#sendBatch();
      const block = await this.#memory.take();
      // Somebody else may have waited for a block, too, and has put his up.
      if (this.#batch === undefined) this.#batch = new Batch(block);
      else this.#memory.give(block);
      this.check();
    }
  }

  /** Metadata may be larger than a block; it is rare enough for memory of its own. */
  #ownPlace(type: PackedObject['type'], checksum: Checksum, length: number): Place {
    const batch = new Batch(new Uint8Array(new SharedArrayBuffer(length)));
    const place = batch.reserve(type, checksum, length) as Place;
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
    void this.#track(async () => {
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
    void this.#track(async () => {
      try {
        await this.#call({ kind: 'piece', file, directory: this.#directory, bytes }, thread);
      } finally {
        this.#memory.give(memory);
      }
    });
  }
}
