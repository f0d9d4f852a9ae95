/**
 * Bakes objects: encodes them as they come, in any order, into a temporary file, and at the end writes those
 * that were chosen into packs, in the order of the tree. Every object is verified.
 */
import { type FileHandle, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { BufferedWriter } from '../../base/buffered-writer.ts';
import { collectSized } from '../../base/bytes.ts';
import type { Checksum } from '../../ostree/checksum.ts';
import type { ContentObject } from '../../ostree/object-source.ts';
import {
  CANONICAL_LEVEL,
  encodeVerifiedFilez,
  SMALL_OBJECT_BYTES,
  streamVerifiedFilez,
} from '../../ostree/verified-filez.ts';
import { type Bake, BakeFilter, type Candidate, chooseBaked } from './bake.ts';
import { type ObjectInPack, writePacks } from './write.ts';

/** What a build has baked. */
export type Baked = { readonly objects: number; readonly bytes: number; readonly packs: number };

/** An object in the temporary file. */
type Spooled = Candidate & ObjectInPack & { readonly at: number };

type Encoding = { readonly checksum: Checksum; readonly size: number; readonly filez: Promise<Buffer> };

/** Small objects that are encoded at once. */
const AT_ONCE = 4;
const READ_BYTES = 256 * 1024;

export class Baker {
  readonly #bake: Bake;
  readonly #filter: BakeFilter;
  readonly #repo: string;
  readonly #spool: FileHandle;
  readonly #out: BufferedWriter;
  readonly #spooled = new Map<Checksum, Spooled>();
  readonly #encoding: Encoding[] = [];

  private constructor(repo: string, bake: Bake, spool: FileHandle) {
    this.#bake = bake;
    this.#filter = new BakeFilter(bake);
    this.#repo = repo;
    this.#spool = spool;
    this.#out = new BufferedWriter(spool, 0);
  }

  static async create(repo: string, bake: Bake): Promise<Baker> {
    const path = join(repo, 'spool');
    const spool = await open(path, 'wx+', 0o600);
    await rm(path);
    return new Baker(repo, bake, spool);
  }

  /** False if {@link add} would be in vain. */
  wants({ size }: ContentObject): boolean {
    return this.#filter.mayBake(size);
  }

  /** Reads and encodes the object; ERR_OBJECT_CORRUPT now or later. Its stream has been read on return. */
  async add(checksum: Checksum, object: ContentObject): Promise<void> {
    if (object.size > SMALL_OBJECT_BYTES) {
      await this.#settle(0);
      await this.#append(checksum, object.size, streamVerifiedFilez(object, checksum, CANONICAL_LEVEL));
      return;
    }
    const bytes = await collectSized(object.stream(), object.size);
    await this.#settle(AT_ONCE - 1);
    const filez = encodeVerifiedFilez({ ...object, stream: () => once(bytes) }, checksum, CANONICAL_LEVEL);
    // The error is met when its turn to be written comes.
    filez.catch(() => {});
    this.#encoding.push({ checksum, size: object.size, filez });
  }

  /** Writes the packs. `order` has the objects in the order of the tree. */
  async finish(order: AsyncIterable<Checksum>): Promise<Baked> {
    await this.#settle(0);
    await this.#out.flush();
    const candidates: Spooled[] = [];
    for await (const checksum of order) {
      const spooled = this.#spooled.get(checksum);
      if (spooled !== undefined) candidates.push(spooled);
    }
    const chosen = chooseBaked(candidates, this.#bake);
    if (chosen.length === 0) return { objects: 0, bytes: 0, packs: 0 };
    const packs = await writePacks(this.#repo, chosen, (object) => this.#read(object as Spooled));
    return {
      objects: chosen.length,
      bytes: packs.reduce((sum, { size }) => sum + size, 0),
      packs: packs.length,
    };
  }

  /** Ends the encodings and the temporary file. */
  async close(): Promise<void> {
    await Promise.allSettled(this.#encoding.map(({ filez }) => filez));
    await this.#spool.close();
  }

  /** Writes the oldest encodings until no more than `most` are left. */
  async #settle(most: number): Promise<void> {
    while (this.#encoding.length > most) {
      const { checksum, size, filez } = this.#encoding.shift() as Encoding;
      await this.#append(checksum, size, [await filez]);
    }
  }

  async #append(
    checksum: Checksum,
    size: number,
    pieces: Iterable<Buffer> | AsyncIterable<Buffer>,
  ): Promise<void> {
    const at = this.#out.position;
    for await (const piece of pieces) await this.#out.write(piece);
    const spooled = { checksum, size, at, length: this.#out.position - at };
    this.#spooled.set(checksum, spooled);
    this.#filter.add(spooled);
  }

  async *#read({ at, length }: Spooled): AsyncGenerator<Buffer> {
    const buffer = Buffer.allocUnsafe(Math.min(length, READ_BYTES));
    for (let done = 0; done < length; ) {
      const { bytesRead } = await this.#spool.read(
        buffer,
        0,
        Math.min(buffer.length, length - done),
        at + done,
      );
      done += bytesRead;
      yield buffer.subarray(0, bytesRead);
    }
  }
}

/**
 * Gives `work` a baker for the published repo at `repo`. Its temporary file lies there, without a name, and
 * goes with it.
 */
export async function withBaker<T>(repo: string, bake: Bake, work: (baker: Baker) => Promise<T>): Promise<T> {
  const baker = await Baker.create(repo, bake);
  try {
    return await work(baker);
  } finally {
    await baker.close();
  }
}

async function* once(bytes: Buffer): AsyncGenerator<Buffer> {
  yield bytes;
}
