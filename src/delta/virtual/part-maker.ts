/**
 * Makes parts of virtual deltas: reads their objects, and has them packed on threads of their own. A part is
 * held whole, so memory grows with the threads and with the size of parts ({@link VIRTUAL_PART_BYTES}). The
 * memory of the objects goes to the thread and back, and is used again. Without work, threads end and their
 * memory is freed.
 */
import { availableParallelism } from 'node:os';
import { asBuffer, copyPieces, freeNow } from '../../base/bytes.ts';
import { Semaphore } from '../../base/semaphore.ts';
import { leastBusy, Thread } from '../../base/thread.ts';
import { verifiedMetadata } from '../../ostree/load.ts';
import { isHashedMetadata, type ObjectName } from '../../ostree/object-name.ts';
import type { ObjectSource } from '../../ostree/object-source.ts';
import { verifiedStream } from '../../ostree/verify.ts';
import { deltaFault } from '../static/delta-fault.ts';
import type { MadePart, MadeParts, PartAnswer, PartObject, PartRequest } from './part-thread.ts';
import type { VirtualProfile } from './virtual-delta.ts';

/** Bytes of content in a part. Small parts keep the memory of servers small, and cost few requests. */
export const VIRTUAL_PART_BYTES = 8_000_000;
/** Clients fetch larger files as objects, so that no part takes much memory. */
export const MAX_PART_FILE_BYTES = VIRTUAL_PART_BYTES;

const MAX_THREADS = 4;
/** Enough for what liblzma does not allocate itself. */
const THREAD_LIMITS = { maxYoungGenerationSizeMb: 2, maxOldGenerationSizeMb: 256, stackSizeMb: 1 };

/** Threads end when there was nothing to do for so long. */
const REST_MS = 10_000;

type Memory = Uint8Array<ArrayBuffer>;

export type MakeOptions = {
  readonly objects: readonly ObjectName[];
  readonly profiles: readonly VirtualProfile[];
  /** Else only metadata is verified: the part's own checksum shows whether the rest is right. */
  readonly verify: boolean;
};

/** `isCalm`: the threads give way to everything else on the machine. */
export class PartMaker {
  readonly threads: number;
  readonly #isCalm: boolean;
  readonly #turns: Semaphore;
  readonly #memories: Memory[] = [];
  #threads: Thread<PartRequest, PartAnswer>[] = [];
  #jobs = 0;
  #resting: NodeJS.Timeout | undefined;

  constructor({ threads = Math.min(availableParallelism(), MAX_THREADS), isCalm = false } = {}) {
    this.threads = threads;
    this.#turns = new Semaphore(threads);
    this.#isCalm = isCalm;
  }

  /** The version of liblzma here; ERR_LIBLZMA_MISSING if there is none. */
  liblzmaVersion(): Promise<string> {
    return this.#working(async () => (await this.#thread().call({ kind: 'version' })) as string);
  }

  /**
   * Reads the objects of a part when it is its turn, and makes it in each profile. ERR_OBJECT_MISSING,
   * ERR_OBJECT_UNREADABLE, ERR_OBJECT_CORRUPT.
   */
  make(source: ObjectSource, { objects, profiles, verify }: MakeOptions): Promise<readonly MadePart[]> {
    return this.#turns.run(() =>
      this.#working(async () => {
        const described = await describeAll(source, objects);
        const size = described.reduce((sum, object) => sum + object.size, 0);
        const memory = this.#memory(size);
        await fill(memory, source, described, verify);
        const wanted = described.map(({ size, header }) => ({ size, header }));
        const request = { kind: 'make', profiles, objects: wanted, memory } as const;
        const made = (await this.#thread().call(request, [memory.buffer])) as MadeParts;
        this.#keep(made.memory);
        return made.parts;
      }),
    );
  }

  /** Resolves when the threads have ended; the next call starts others. */
  async close(): Promise<void> {
    clearTimeout(this.#resting);
    for (const memory of this.#memories.splice(0)) freeNow(memory);
    await Promise.all(this.#threads.splice(0).map((thread) => thread.close()));
  }

  async #working<T>(work: () => Promise<T>): Promise<T> {
    clearTimeout(this.#resting);
    this.#jobs += 1;
    try {
      return await work();
    } finally {
      this.#jobs -= 1;
      if (this.#jobs === 0) this.#resting = setTimeout(() => void this.close(), REST_MS).unref();
    }
  }

  #memory(size: number): Memory {
    const known = size <= VIRTUAL_PART_BYTES ? this.#memories.pop() : undefined;
    return known ?? new Uint8Array(Math.max(size, VIRTUAL_PART_BYTES));
  }

  #keep(memory: Memory): void {
    if (memory.length === VIRTUAL_PART_BYTES && this.#memories.length < this.threads)
      this.#memories.push(memory);
    else freeNow(memory);
  }

  /** The least busy thread. Threads start on first use, and in place of those that failed. */
  #thread(): Thread<PartRequest, PartAnswer> {
    this.#threads = this.#threads.filter(({ hasFailed }) => !hasFailed);
    const idle = this.#threads.find(({ load }) => load === 0);
    if (idle !== undefined) return idle;
    if (this.#threads.length < this.threads) {
      const started = new Thread<PartRequest, PartAnswer>(import.meta.url, './part-thread', THREAD_LIMITS);
      this.#threads.push(started);
      if (this.#isCalm) started.call({ kind: 'calm' }).catch(() => {});
      return started;
    }
    return leastBusy(this.#threads);
  }
}

type DescribedObject = PartObject & { readonly name: ObjectName };

async function describeAll(
  source: ObjectSource,
  names: readonly ObjectName[],
): Promise<readonly DescribedObject[]> {
  const objects: DescribedObject[] = [];
  for (const name of names) objects.push({ name, ...(await described(source, name)) });
  return objects;
}

async function fill(
  memory: Memory,
  source: ObjectSource,
  objects: readonly DescribedObject[],
  verify: boolean,
): Promise<void> {
  const position = { at: 0 };
  for (const { name, size } of objects) {
    const target = memory.subarray(position.at, position.at + size);
    position.at += size;
    await readInto(target, source, name, verify);
  }
}

async function described(source: ObjectSource, { type, checksum }: ObjectName): Promise<PartObject> {
  if (type === 'file') {
    const { header, size } = await source.content(checksum);
    return { header, size };
  }
  if (!isHashedMetadata(type)) throw deltaFault(`object ${checksum}.${type} cannot be in a virtual delta`);
  return { header: undefined, size: (await verifiedMetadata(source, type, checksum)).length };
}

async function readInto(
  target: Uint8Array,
  source: ObjectSource,
  { type, checksum }: ObjectName,
  verify: boolean,
): Promise<void> {
  if (type !== 'file') {
    target.set(await source.metadata(type, checksum));
    return;
  }
  const object = await source.content(checksum);
  // Sources fill memory that they are given, and would never fill none.
  const memory = target.length > 0 ? asBuffer(target) : undefined;
  await copyPieces(verify ? verifiedStream(object, checksum, memory) : object.stream(memory), target);
}
