/**
 * Offers virtual deltas of one profile: those whose superblocks a mirror image has, and for other heads of
 * the repository such as are computed in the background, on a thread of low priority. A delta is offered
 * when it is complete; clients pull objects until then. The same thread puts parts into the cache before
 * clients ask.
 *
 * A commit that is signed later gets a new delta, because clients verify the signatures in the superblock.
 */
import { hash } from 'node:crypto';
import type { Logger } from 'pino';
import { isTreeportError, messageOf } from '../../base/errors.ts';
import { buildVirtualDeltas } from '../../delta/virtual/build-virtual-deltas.ts';
import { PartMaker } from '../../delta/virtual/part-maker.ts';
import { PACKING_VERSIONS, type VirtualProfile } from '../../delta/virtual/virtual-delta.ts';
import type { Checksum } from '../../ostree/checksum.ts';
import type { Repository } from '../../ostree/repo/open.ts';
import type { VirtualParts } from '../content/virtual-parts.ts';
import type { LiveRepository } from './live-summary.ts';
import { storedVirtualDeltas } from './stored-virtual-deltas.ts';
import type { VirtualDeltas } from './virtual-deltas.ts';

export type VirtualServiceOptions = {
  readonly profile: VirtualProfile;
  readonly repo: Repository;
  readonly live: LiveRepository;
  readonly deltas: VirtualDeltas;
  readonly parts: VirtualParts;
  readonly logger: Logger;
  /** Ends background work. */
  readonly signal: AbortSignal;
  /** Called before each part of background work. */
  readonly beforePart: () => Promise<void>;
};

export class VirtualService {
  readonly #options: VirtualServiceOptions;
  /** By commit, the detached metadata that its delta has; those of images do not change. */
  readonly #computed = new Map<Checksum, string>();
  readonly #queue = new Set<Checksum>();
  #working: Promise<void> | undefined;
  #isUsable = false;

  constructor(options: VirtualServiceOptions) {
    this.#options = options;
  }

  /** Offers what is stored. */
  start(): void {
    try {
      this.#offerStored();
      this.#isUsable = true;
    } catch (error) {
      this.#warnOf(error);
    }
  }

  /** Begins to compute the deltas of the other heads. */
  computeHeads(): void {
    if (this.#isUsable) this.#wantHeads().catch((error: unknown) => this.#warnOf(error));
  }

  /** Begins to make the parts that are not in the cache, and the delta of a head that has none. */
  prepare(commit: Checksum): void {
    if (this.#isUsable) this.#add(commit);
  }

  /** Called when a client asks for deltas to a commit: computes its delta if it is a head without one. */
  async asked(commit: Checksum): Promise<void> {
    const { deltas, live } = this.#options;
    if (!this.#isUsable || deltas.isWithdrawn(commit)) return;
    const known = deltas.find({ from: undefined, to: commit });
    if (known !== undefined && !this.#computed.has(commit)) return;
    if (known !== undefined && (await this.#isCurrent(commit))) return;
    const { refs } = (await live.summary()).summary;
    if (refs.some((ref) => ref.commit === commit)) this.#want(commit);
  }

  /** Resolves when background work has ended. */
  async close(): Promise<void> {
    this.#isUsable = false;
    this.#queue.clear();
    await this.#working;
  }

  /** Those whose parts this version makes. */
  #offerStored(): void {
    const { profile, repo, deltas, logger } = this.#options;
    for (const delta of storedVirtualDeltas(repo.path, profile)) {
      if (delta.packing === PACKING_VERSIONS[profile]) deltas.offer(delta);
      else
        logger.warn(`the virtual delta to ${delta.to} is not offered: another version of treeport made it`);
    }
  }

  async #wantHeads(): Promise<void> {
    const { refs } = (await this.#options.live.summary()).summary;
    for (const { commit } of refs) this.#want(commit);
  }

  #warnOf(error: unknown): void {
    const { logger, profile } = this.#options;
    logger.warn(`no virtual deltas (${profile}) are offered: ${messageOf(error)}`);
  }

  #want(commit: Checksum): void {
    const { deltas } = this.#options;
    if (deltas.isWithdrawn(commit)) return;
    if (deltas.find({ from: undefined, to: commit }) !== undefined && !this.#computed.has(commit)) return;
    this.#add(commit);
  }

  #add(commit: Checksum): void {
    this.#queue.add(commit);
    this.#working ??= this.#work().finally(() => {
      this.#working = undefined;
    });
  }

  async #work(): Promise<void> {
    const maker = new PartMaker({ threads: 1, isCalm: true });
    for (const commit of this.#queue) {
      await this.#complete(commit, maker);
      this.#queue.delete(commit);
    }
    await maker.close();
  }

  /** Does not reject. */
  async #complete(commit: Checksum, maker: PartMaker): Promise<void> {
    const { deltas, parts, logger, signal, beforePart } = this.#options;
    const known = deltas.find({ from: undefined, to: commit });
    try {
      if (known === undefined || !(await this.#isCurrent(commit))) return await this.#compute(commit, maker);
      if (!parts.fit(known)) {
        logger.warn(
          { commit },
          `the cache has no room for the virtual delta to ${commit}; raise --cache-size`,
        );
        return;
      }
      await parts.prepare(known, maker, beforePart);
      if (parts.areReady(known))
        logger.info({ commit }, `the parts of the virtual delta to ${commit} are in the cache`);
    } catch (error) {
      if (signal.aborted) return;
      if (known !== undefined) return void deltas.failed(known, undefined, error);
      const code = isTreeportError(error) ? error.code : 'ERR_VIRTUAL_DELTA';
      logger.warn({ commit, code }, `no virtual delta to ${commit} is offered: ${messageOf(error)}`);
    }
  }

  /** Whether the signatures of the commit are still those in its delta. */
  async #isCurrent(commit: Checksum): Promise<boolean> {
    const computed = this.#computed.get(commit);
    return computed === undefined || computed === (await detachedOf(this.#options.repo, commit));
  }

  async #compute(commit: Checksum, maker: PartMaker): Promise<void> {
    const { repo, profile, parts, deltas, logger, beforePart } = this.#options;
    const detached = await detachedOf(repo, commit);
    const onPart = (...part: Parameters<VirtualParts['keep']>) => parts.keep(...part);
    const built = await buildVirtualDeltas(repo.objects, commit, {
      profiles: [profile],
      maker,
      onPart,
      beforePart,
    });
    this.#computed.set(commit, detached);
    for (const delta of built) deltas.offer(delta);
    logger.info({ commit }, `a virtual delta (${profile}) to ${commit} is offered`);
  }
}

async function detachedOf({ objects }: Repository, commit: Checksum): Promise<string> {
  if (!(await objects.has({ type: 'commitmeta', checksum: commit }))) return '';
  return hash('sha256', await objects.metadata('commitmeta', commit));
}
