/**
 * The parts of virtual deltas: from the cache, from memory, or made from their objects. A part is made once
 * for all clients that ask meanwhile, and sent while it is made (growing-part.ts); one whose checksum comes
 * out differently never to its end. Clients fetch the parts of a delta in no order, but all of them: so with
 * a cache others are made while a client waits for few.
 */
import { availableParallelism } from 'node:os';
import { asBuffer } from '../../base/bytes.ts';
import { TreeportError } from '../../base/errors.ts';
import type { PartHeader } from '../../delta/static/superblock.ts';
import { PartMaker } from '../../delta/virtual/part-maker.ts';
import { type VirtualDelta, type VirtualProfile, wrongPart } from '../../delta/virtual/virtual-delta.ts';
import type { Checksum } from '../../ostree/checksum.ts';
import type { ObjectSource } from '../../ostree/object-source.ts';
import type { Counters } from '../http/counters.ts';
import { type PlainFile, streamPlainFile } from '../http/plain-file.ts';
import type { ByteRange } from '../http/ranges.ts';
import type { DiskCache } from './disk-cache.ts';
import { GrowingPart } from './growing-part.ts';
import { KeptParts } from './kept-parts.ts';
import { PartClaims } from './part-claims.ts';

export type VirtualPartsOptions = {
  /** Of all deltas. */
  readonly profile: VirtualProfile;
  readonly objects: ObjectSource;
  readonly cache: DiskCache | undefined;
  readonly counters: Counters;
  /** Called when a part fails that clients have bytes of. */
  readonly onFault: (delta: VirtualDelta, part: number, error: unknown) => void;
};

/** Parts in the making at once. Those of `lan` take no longer to make than to read. */
const AT_ONCE: Readonly<Record<VirtualProfile, number>> = { wan: 2, lan: 1 };

/** A client that pulls a delta asks for a part at least so often. */
const PULLING_MS = 10_000;

type UnderWay = {
  readonly part: GrowingPart;
  /** Resolves when it is kept, or has failed. */
  readonly kept: Promise<void>;
};

export class VirtualParts {
  readonly maker: PartMaker;
  readonly #options: VirtualPartsOptions;
  readonly #kept: KeptParts;
  readonly #claims: PartClaims | undefined;
  readonly #underWay = new Map<Checksum, UnderWay>();
  /** When a client last asked for a part. */
  readonly #askedAt = new WeakMap<VirtualDelta, number>();
  #isClosed = false;

  constructor(options: VirtualPartsOptions) {
    this.#options = options;
    this.#kept = new KeptParts(options.cache);
    this.#claims = options.cache && new PartClaims(options.cache);
    this.maker = new PartMaker({ threads: Math.min(availableParallelism(), AT_ONCE[options.profile]) });
  }

  /**
   * Part `index` of the delta; the caller closes a file. ERR_VIRTUAL_DELTA if the objects do not give it, and
   * the errors of reading them, unless they show after the first piece.
   */
  async open(delta: VirtualDelta, index: number): Promise<GrowingPart | PlainFile> {
    this.#askedAt.set(delta, performance.now());
    const content = await this.#find(delta, index);
    if (content instanceof GrowingPart) await content.started();
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
    for (const [index, { checksum }] of delta.parts.entries()) {
      if (cache?.has(checksum) === true) continue;
      await beforePart();
      const { part, kept } = this.#made(delta, index, maker);
      await part.finished();
      await kept;
      if (cache?.has(checksum) !== true) return;
    }
  }

  /** Keeps a part that was made elsewhere, if there is a cache. */
  async keep(checksum: Checksum, pieces: readonly Buffer[]): Promise<void> {
    await this.#options.cache?.storePieces(checksum, pieces);
  }

  /** Resolves when nothing writes to the cache any more. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#kept.close();
    await Promise.all(Array.from(this.#underWay.values(), ({ kept }) => kept));
    await this.maker.close();
  }

  async #find(delta: VirtualDelta, index: number): Promise<GrowingPart | PlainFile> {
    const { checksum } = delta.parts[index] as PartHeader;
    const underWay = this.#underWay.get(checksum)?.part;
    if (underWay?.isReleased === false) return underWay;
    return (await this.#kept.find(checksum)) ?? this.#made(delta, index, this.maker).part;
  }

  /**
   * Makes others when one is in the cache, while a client pulls the delta: it may be busy with parts that it
   * has, and will ask for all.
   */
  #goOn(delta: VirtualDelta, index: number): void {
    const { checksum } = delta.parts[index] as PartHeader;
    const isPulled = performance.now() - (this.#askedAt.get(delta) ?? 0) < PULLING_MS;
    if (isPulled && this.#options.cache?.has(checksum) === true && this.fit(delta))
      this.#makeAhead(delta, index + 1);
  }

  /** Makes the next part that is not in the cache, unless clients wait for as many as are made at once. */
  #makeAhead(delta: VirtualDelta, first: number): void {
    const { cache, profile } = this.#options;
    if (cache === undefined || this.#isClosed) return;
    for (let step = 0; step < delta.parts.length; step++) {
      if (this.#underWay.size >= AT_ONCE[profile]) return;
      const index = (first + step) % delta.parts.length;
      const { checksum } = delta.parts[index] as PartHeader;
      if (!this.#kept.has(checksum) && this.#claims?.has(checksum) !== true)
        this.#made(delta, index, this.maker);
    }
  }

  #made(delta: VirtualDelta, index: number, maker: PartMaker): UnderWay {
    const { checksum, size } = delta.parts[index] as PartHeader;
    const known = this.#underWay.get(checksum);
    if (known !== undefined) return known;
    const part = new GrowingPart(size, (range) => this.#reopen(delta, index, range));
    const kept = this.#fill(part, delta, index, maker).finally(() => {
      this.#underWay.delete(checksum);
      this.#goOn(delta, index);
    });
    const underWay = { part, kept };
    this.#underWay.set(checksum, underWay);
    return underWay;
  }

  /** Makes the part and keeps it, unless another process has; does not reject. */
  async #fill(part: GrowingPart, delta: VirtualDelta, index: number, maker: PartMaker): Promise<void> {
    const { checksum } = delta.parts[index] as PartHeader;
    const unclaim = this.#claims === undefined ? () => {} : await this.#claims.claim(checksum);
    if (unclaim === undefined) return part.release();
    try {
      await this.#make(part, delta, index, maker);
      part.complete();
      await this.#kept.keep(checksum, part);
    } catch (error) {
      // Otherwise the requests for it give the error.
      if (part.pieces.length > 0) this.#options.onFault(delta, index, error);
      part.fail(error);
    } finally {
      unclaim();
    }
  }

  async #make(part: GrowingPart, delta: VirtualDelta, index: number, maker: PartMaker): Promise<void> {
    const { objects, counters } = this.#options;
    if (this.#isClosed) throw new TreeportError('ERR_INTERNAL', 'the server is closing');
    const header = delta.parts[index] as PartHeader;
    const wanted = { objects: header.objects, profile: delta.profile, verify: 'metadata' } as const;
    const total = { size: 0 };
    for await (const { bytes, checksum } of maker.pieces(objects, wanted)) {
      total.size += bytes.length;
      const isEnd = checksum !== undefined;
      if (isEnd) counters.madeParts += 1;
      if (total.size > part.size || (isEnd && checksum !== header.checksum))
        throw wrongPart(delta, index, checksum);
      part.add(asBuffer(bytes));
    }
  }

  async #reopen(delta: VirtualDelta, index: number, range: ByteRange): Promise<AsyncIterable<Buffer>> {
    const found = await this.#find(delta, index);
    return found instanceof GrowingPart ? found.stream(range) : streamFound(found, range);
  }
}

async function* streamFound({ content }: PlainFile, range: ByteRange): AsyncGenerator<Buffer> {
  if (Buffer.isBuffer(content)) yield content.subarray(range.from, range.to);
  else yield* streamPlainFile(content, range);
}
