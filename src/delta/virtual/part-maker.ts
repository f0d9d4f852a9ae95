/**
 * Makes parts of virtual deltas: reads their objects, and has them packed on threads of their own. A part is
 * held whole, so memory grows with the threads and with the size of parts ({@link VIRTUAL_PART_BYTES}). There
 * are as many parts in memory as threads, which the threads share and which is used again.
 */
import { availableParallelism } from 'node:os';
import { asBuffer, copyPieces } from '../../base/bytes.ts';
import { Semaphore } from '../../base/semaphore.ts';
import { Thread } from '../../base/thread.ts';
import { verifiedMetadata } from '../../ostree/load.ts';
import { isHashedMetadata, type ObjectName } from '../../ostree/object-name.ts';
import type { ObjectSource } from '../../ostree/object-source.ts';
import { verifiedStream } from '../../ostree/verify.ts';
import { deltaFault } from '../static/delta-fault.ts';
import type { MadePart, PartAnswer, PartObject, PartRequest } from './part-thread.ts';
import type { VirtualProfile } from './virtual-delta.ts';

/** Bytes of content in a part. Small parts keep the memory of servers small, and cost few requests. */
export const VIRTUAL_PART_BYTES = 16_000_000;
/** Clients fetch larger files as objects, so that no part takes much memory. */
export const MAX_PART_FILE_BYTES = 32_000_000;

const MAX_THREADS = 4;
/** Enough for what liblzma does not allocate itself. */
const THREAD_LIMITS = { maxYoungGenerationSizeMb: 2, maxOldGenerationSizeMb: 256, stackSizeMb: 1 };

type PartInput = { readonly objects: readonly PartObject[]; readonly memory: Uint8Array };

export type ReadOptions = {
  readonly objects: readonly ObjectName[];
  /** Else only metadata is verified: the part's own checksum shows whether the rest is right. */
  readonly verify: boolean;
};

export type MakePart = (profile: VirtualProfile) => Promise<MadePart>;

/** Memory that threads share, for one part at a time. Garbage of this kind is collected late. */
class PartMemory {
  #shared = new SharedArrayBuffer(VIRTUAL_PART_BYTES);

  /** The first `size` bytes. */
  take(size: number): Uint8Array {
    if (size > this.#shared.byteLength) this.#shared = new SharedArrayBuffer(size);
    return new Uint8Array(this.#shared, 0, size);
  }
}

/** `isCalm`: the threads give way to everything else on the machine. */
export class PartMaker {
  readonly threads: number;
  readonly #isCalm: boolean;
  readonly #turns: Semaphore;
  readonly #memories: PartMemory[] = [];
  #threads: Thread<PartRequest, PartAnswer>[] = [];

  constructor({ threads = Math.min(availableParallelism(), MAX_THREADS), isCalm = false } = {}) {
    this.threads = threads;
    this.#turns = new Semaphore(threads);
    this.#isCalm = isCalm;
  }

  /** The version of liblzma here; ERR_LIBLZMA_MISSING if there is none. */
  async liblzmaVersion(): Promise<string> {
    return (await this.#thread().call({ kind: 'version' })) as string;
  }

  /**
   * Reads the objects of a part when it is its turn, and has `use` make parts of them. ERR_OBJECT_MISSING,
   * ERR_OBJECT_UNREADABLE, ERR_OBJECT_CORRUPT.
   */
  withPart<Result>(
    source: ObjectSource,
    { objects, verify }: ReadOptions,
    use: (make: MakePart) => Promise<Result>,
  ): Promise<Result> {
    return this.#turns.run(async () => {
      const memory = this.#memories.pop() ?? new PartMemory();
      try {
        const content = await readPart(source, objects, { verify, memory });
        return await use((profile) => this.#make(profile, content));
      } finally {
        this.#memories.push(memory);
      }
    });
  }

  /** Resolves when the threads have ended. */
  async close(): Promise<void> {
    await Promise.all(this.#threads.splice(0).map((thread) => thread.close()));
  }

  async #make(profile: VirtualProfile, content: PartInput): Promise<MadePart> {
    return (await this.#thread().call({ kind: 'make', profile, ...content })) as MadePart;
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
    return this.#threads.reduce((best, other) => (other.load < best.load ? other : best));
  }
}

async function readPart(
  source: ObjectSource,
  names: readonly ObjectName[],
  { verify, memory }: { readonly verify: boolean; readonly memory: PartMemory },
): Promise<PartInput> {
  const objects: (PartObject & { readonly name: ObjectName })[] = [];
  for (const name of names) objects.push({ name, ...(await described(source, name)) });
  const total = objects.reduce((sum, { size }) => sum + size, 0);
  const bytes = memory.take(total);
  const position = { at: 0 };
  for (const { name, size } of objects) {
    const target = bytes.subarray(position.at, position.at + size);
    position.at += size;
    await readInto(target, source, name, verify);
  }
  return { objects: objects.map(({ size, header }) => ({ size, header })), memory: bytes };
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
