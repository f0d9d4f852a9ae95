/**
 * The parts of virtual deltas: from the cache, from memory, or made from their objects. A part is made once
 * for all clients that ask meanwhile, and only sent if its checksum is right. The next parts are made ahead,
 * because clients fetch them in order.
 *
 * Without a cache that can be written, the parts used last are kept in memory, up to {@link HELD_BYTES}.
 */
import { availableParallelism } from 'node:os';
import { asBuffer, freeNow } from '../../base/bytes.ts';
import { TreeportError } from '../../base/errors.ts';
import type { PartHeader } from '../../delta/static/superblock.ts';
import { PartMaker } from '../../delta/virtual/part-maker.ts';
import type { MadePart } from '../../delta/virtual/part-thread.ts';
import type { VirtualDelta, VirtualProfile } from '../../delta/virtual/virtual-delta.ts';
import type { Checksum } from '../../ostree/checksum.ts';
import type { ObjectSource } from '../../ostree/object-source.ts';
import type { Counters } from '../http/counters.ts';
import { closePlainFile, type PlainFile } from '../http/plain-file.ts';
import { FileTags } from '../live/file-tags.ts';
import type { DiskCache } from './disk-cache.ts';

export type VirtualPartsOptions = {
  /** Of all deltas. */
  readonly profile: VirtualProfile;
  readonly objects: ObjectSource;
  readonly cache: DiskCache | undefined;
  readonly counters: Counters;
};

/** The name of the cache's folder of parts, in place of an encoder's id. */
export const PARTS_FOLDER = 'delta-parts';

/** The part that clients fetch, and those before and after it, even if they are not compressed. */
const HELD_BYTES = 24 * 1024 * 1024;
/**
 * Parts that are in the making at once, and that are made before a client asks for them. Those of `lan` take
 * no longer to make than to read.
 */
const AT_ONCE: Readonly<Record<VirtualProfile, number>> = { wan: 2, lan: 1 };

export class VirtualParts {
  readonly maker: PartMaker;
  readonly #options: VirtualPartsOptions;
  readonly #tags = new FileTags();
  readonly #underWay = new Map<Checksum, Promise<Buffer>>();
  /** Most recently used last. */
  readonly #held = new Map<Checksum, Buffer>();
  #heldBytes = 0;
  #isClosed = false;

  constructor(options: VirtualPartsOptions) {
    this.#options = options;
    this.maker = new PartMaker({ threads: Math.min(availableParallelism(), AT_ONCE[options.profile]) });
  }

  /**
   * Part `index` of the delta; the caller closes a file. ERR_VIRTUAL_DELTA if the objects do not give it, and
   * the errors of reading them.
   */
  async open(delta: VirtualDelta, index: number): Promise<Buffer | PlainFile> {
    const part = delta.parts[index] as PartHeader;
    const content = (await this.#ready(part.checksum)) ?? (await this.#made(delta, part));
    this.#makeAhead(delta, index + 1);
    return content;
  }

  /** Whether all parts of the delta are in the cache. */
  areReady({ parts }: VirtualDelta): boolean {
    const { cache } = this.#options;
    return cache !== undefined && parts.every(({ checksum }) => cache.has(checksum));
  }

  /** Whether the cache has room for all parts of the delta. */
  fit({ parts }: VirtualDelta): boolean {
    const { cache } = this.#options;
    return cache !== undefined && parts.reduce((sum, { size }) => sum + size, 0) <= cache.maxBytes;
  }

  /**
   * Makes the parts that are not in the cache, one by one, by `maker`, up to the first that cannot be
   * written; the errors of {@link open}.
   */
  async prepare(delta: VirtualDelta, maker: PartMaker, beforePart: () => Promise<void>): Promise<void> {
    const { cache } = this.#options;
    for (const part of delta.parts) {
      if (cache?.has(part.checksum) === true) continue;
      await beforePart();
      const bytes = await this.#make(delta, part, maker);
      await cache?.store(part.checksum, bytes);
      freeNow(bytes);
      if (cache?.has(part.checksum) !== true) return;
    }
  }

  /** Keeps a part that was made elsewhere, if there is a cache. */
  async keep({ checksum, bytes }: MadePart): Promise<void> {
    await this.#options.cache?.store(checksum, asBuffer(bytes));
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#held.clear();
    this.#options.cache?.close();
    await this.maker.close();
  }

  async #ready(checksum: Checksum): Promise<Buffer | PlainFile | undefined> {
    const held = this.#held.get(checksum);
    if (held !== undefined) {
      this.#held.delete(checksum);
      this.#held.set(checksum, held);
      return held;
    }
    const { cache } = this.#options;
    const file = cache?.open(checksum);
    if (file === undefined) return undefined;
    const tag = await Promise.resolve(this.#tags.of(file)).catch(() => undefined);
    if (tag === checksum) return file;
    closePlainFile(file);
    cache?.drop(checksum);
    return undefined;
  }

  #makeAhead(delta: VirtualDelta, first: number): void {
    const { cache, profile } = this.#options;
    const ahead = AT_ONCE[profile];
    for (const part of delta.parts.slice(first, first + ahead)) {
      // Parts that clients wait for come first.
      if (this.#underWay.size >= ahead) return;
      const isReady = this.#held.has(part.checksum) || cache?.has(part.checksum) === true;
      // The request for the part gives the error.
      if (!isReady && !this.#isClosed) this.#made(delta, part).catch(() => {});
    }
  }

  #made(delta: VirtualDelta, part: PartHeader): Promise<Buffer> {
    const underWay = this.#underWay.get(part.checksum);
    if (underWay !== undefined) return underWay;
    const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
    this.#underWay.set(part.checksum, promise);
    const work = async () => {
      const bytes = await this.#make(delta, part, this.maker);
      this.#hold(part.checksum, bytes);
      resolve(bytes);
      const { cache } = this.#options;
      await cache?.store(part.checksum, bytes);
      if (cache?.has(part.checksum) === true) this.#release(part.checksum);
    };
    work()
      .catch(reject)
      .finally(() => this.#underWay.delete(part.checksum));
    return promise;
  }

  async #make(delta: VirtualDelta, part: PartHeader, maker: PartMaker): Promise<Buffer> {
    const { objects, counters } = this.#options;
    if (this.#isClosed) throw new TreeportError('ERR_INTERNAL', 'the server is closing');
    const wanted = { objects: part.objects, profiles: [delta.profile], verify: false };
    const [made] = await maker.make(objects, wanted);
    const { bytes, checksum } = made as MadePart;
    counters.madeParts += 1;
    if (checksum !== part.checksum) throw wrongPart(delta, part, checksum);
    return asBuffer(bytes);
  }

  #hold(checksum: Checksum, bytes: Buffer): void {
    this.#held.set(checksum, bytes);
    this.#heldBytes += bytes.length;
    for (const oldest of this.#held.keys()) {
      if (this.#heldBytes <= HELD_BYTES || oldest === checksum) return;
      this.#release(oldest);
    }
  }

  #release(checksum: Checksum): void {
    this.#heldBytes -= this.#held.get(checksum)?.length ?? 0;
    this.#held.delete(checksum);
  }
}

function wrongPart({ to, profile, parts }: VirtualDelta, part: PartHeader, actual: Checksum): TreeportError {
  return new TreeportError(
    'ERR_VIRTUAL_DELTA',
    `part ${parts.indexOf(part)} of the ${profile} delta to ${to} comes out as ${actual}, not ${part.checksum}: an object of it is corrupt, or it was made with another liblzma; run \`treeport repo fsck\``,
  );
}
