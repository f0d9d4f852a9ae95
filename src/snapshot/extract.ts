/**
 * Extracts a snapshot into a repository. Order:
 *
 * 1. Layers, a few at a time, each in a transaction of its own: their content, dirtrees and dirmetas stay in
 *    the repository even if the extraction ends here, and the next one need not read them. Nothing leads to
 *    them yet.
 * 2. When all layers are there, every commit is checked to be complete, and the commits are written with
 *    their detached metadata.
 * 3. The refs.
 */
import { availableParallelism } from 'node:os';
import { eachConcurrently } from '../base/each-concurrently.ts';
import type { Warn } from '../base/errors.ts';
import { attributeLayerError } from '../container/import/attribute-error.ts';
import { keptText, withTransaction } from '../container/import/repo-transaction.ts';
import { type VerifiedSignature, verifyCommitHead } from '../container/import/verify-signatures.ts';
import type { ObjectLayer } from '../mirror/carried/object-list.ts';
import type { Transaction } from '../native/ostree/transaction.ts';
import type { Descriptor } from '../oci/model/descriptor.ts';
import type { Checksum } from '../ostree/checksum.ts';
import { verifiedMetadata } from '../ostree/load.ts';
import { formatObjectName, parseLooseName } from '../ostree/object-name.ts';
import { openRepository, type Repository } from '../ostree/repo/open.ts';
import { verifyMetadata } from '../ostree/verify.ts';
import type { CommitHead } from '../tar/import-commit.ts';
import { checkContentComplete, neededObjects } from '../tar/needed-objects.ts';
import type { TarObject } from '../tar/read-objects.ts';
import { checkCollections } from './collections.ts';
import { type ExtractionPlan, planExtraction } from './extraction-plan.ts';
import { layerDescriptor, type Snapshot } from './open.ts';
import { readObjectLayer } from './read-layer.ts';
import type { SnapshotRef } from './snapshot-refs.ts';

export type ExtractOptions = {
  /** Path of the repository. */
  readonly repo: string;
  /** Refs or globs. None: all refs, with all commits of the snapshot. */
  readonly globs: readonly string[];
  /** Every commit must be signed by a key of this remote of the repository. */
  readonly remote?: string;
  readonly warn: Warn;
  /** Receives the number of bytes since the last call, and of all layers. */
  readonly onProgress?: (bytes: number, total: number) => void;
};

export type Extracted = {
  readonly refs: readonly SnapshotRef[];
  readonly commits: number;
  /** Layers that were read, and that the repository had the objects of. */
  readonly fetched: number;
  readonly cached: number;
  readonly signatures: readonly VerifiedSignature[];
};

type HeldCommit = { readonly bytes?: Buffer; readonly detached?: Buffer };

const LAYERS_AT_ONCE = 2;

/** A failed extraction leaves no commit and no ref, but objects that the next one takes over. */
export async function extractSnapshot(snapshot: Snapshot, options: ExtractOptions): Promise<Extracted> {
  const repo = await openRepository(options.repo);
  const plan = await planExtraction(snapshot, options.globs);
  checkCollections(repo, plan.refs, snapshot.name);
  return new Extraction(snapshot, repo, plan, options).run();
}

class Extraction {
  readonly #snapshot: Snapshot;
  readonly #repo: Repository;
  readonly #plan: ExtractionPlan;
  readonly #options: ExtractOptions;
  readonly #commits = new Map<Checksum, HeldCommit>();
  #fetched = 0;
  #cached = 0;

  constructor(snapshot: Snapshot, repo: Repository, plan: ExtractionPlan, options: ExtractOptions) {
    this.#snapshot = snapshot;
    this.#repo = repo;
    this.#plan = plan;
    this.#options = options;
  }

  async run(): Promise<Extracted> {
    const { image } = this.#snapshot;
    const layers = this.#snapshot.layers.map((layer) => [layer, layerDescriptor(image, layer)] as const);
    const total = layers.reduce((sum, [, { size }]) => sum + size, 0);
    const progress = (bytes: number) => this.#options.onProgress?.(bytes, total);
    await eachConcurrently(layers, LAYERS_AT_ONCE, async ([layer, descriptor], signal) => {
      try {
        await this.#layer(layer, descriptor, progress, signal);
      } catch (error) {
        image.abort(error as Error);
        throw error;
      }
    });
    this.#holdDetachedFiles();
    const signatures = await this.#land();
    const { refs, commits } = this.#plan;
    return { refs, commits: commits.length, fetched: this.#fetched, cached: this.#cached, signatures };
  }

  async #layer(
    layer: ObjectLayer,
    descriptor: Descriptor,
    progress: (bytes: number) => void,
    signal: AbortSignal,
  ): Promise<void> {
    const missing = await this.#missingOf(layer);
    if (missing.size === 0) {
      this.#cached += 1;
      progress(descriptor.size);
      return;
    }
    this.#fetched += 1;
    const threads = Math.max(1, Math.floor(availableParallelism() / LAYERS_AT_ONCE));
    const tar = this.#snapshot.image.layer(descriptor, progress);
    const work = async (transaction: Transaction) => {
      const take = (pieces: AsyncIterable<Uint8Array>) =>
        this.#take(readObjectLayer(layer.kind, pieces), missing, transaction, signal);
      await attributeLayerError(tar, take, signal);
      await transaction.commit();
    };
    await withTransaction(this.#repo.path, work, { refs: [], threads });
  }

  /** The names of what the layer has, the extraction needs and the repository lacks. */
  async #missingOf({ objects }: ObjectLayer): Promise<ReadonlySet<string>> {
    const missing = new Set<string>();
    for (const name of objects) {
      if (name.isDead || !this.#plan.has(name) || (await this.#repo.objects.has(name))) continue;
      missing.add(formatObjectName(name));
    }
    return missing;
  }

  /** Commits and their detached metadata are held back until everything else is there. */
  async #take(
    objects: AsyncIterable<TarObject>,
    missing: ReadonlySet<string>,
    transaction: Transaction,
    signal: AbortSignal,
  ): Promise<void> {
    for await (const object of objects) {
      signal.throwIfAborted();
      const { checksum } = object;
      const type = object.kind === 'metadata' ? object.type : 'file';
      if (object.kind === 'metadata' && object.type === 'commitmeta') {
        this.#hold(checksum, { detached: object.bytes });
        continue;
      }
      if (!missing.has(formatObjectName({ type, checksum }))) continue;
      if (object.kind === 'content') await transaction.content(checksum, object.object);
      else if (object.type === 'commit') this.#hold(checksum, { bytes: object.bytes });
      else if (object.type !== 'commitmeta') await transaction.metadata(object.type, checksum, object.bytes);
    }
  }

  /** A copy, because the bytes may be a view of a larger piece of the stream. */
  #hold(commit: Checksum, { bytes, detached }: HeldCommit): void {
    if (bytes !== undefined) verifyMetadata('commit', commit, bytes);
    this.#commits.set(commit, {
      ...this.#commits.get(commit),
      ...(bytes === undefined ? {} : { bytes: Buffer.from(bytes) }),
      ...(detached === undefined ? {} : { detached: Buffer.from(detached) }),
    });
  }

  #holdDetachedFiles(): void {
    for (const [path, bytes] of this.#snapshot.files) {
      const [objects, directory = '', file = ''] = path.split('/');
      const name = objects === 'objects' ? parseLooseName(directory, file) : undefined;
      if (name?.extension === 'commitmeta') this.#hold(name.checksum, { detached: bytes });
    }
  }

  /** Checks that all commits are complete, and writes them and the refs. */
  async #land(): Promise<readonly VerifiedSignature[]> {
    const { refs, commits } = this.#plan;
    const { remote } = this.#options;
    const names = refs.map(({ name }) => name);
    const work = async (transaction: Transaction) => {
      const signatures: VerifiedSignature[] = [];
      for (const commit of commits) {
        const head = await this.#head(commit);
        for (const found of await verifyCommitHead(head, { repo: this.#repo.path, remote }))
          signatures.push(found);
        await transaction.metadata('commit', commit, head.bytes);
        if (head.detached !== undefined) await transaction.detachedMetadata(commit, head.detached);
      }
      const arrived = new Set<string>();
      const needed = await neededObjects(transaction, commits, arrived);
      await checkContentComplete(transaction, needed, arrived);
      for (const { name, commit } of refs) transaction.setRef(name, commit);
      for (const { name, collections, commit } of refs)
        for (const id of collections) transaction.setCollectionRef(id, name, commit);
      await transaction.commit();
      for (const kept of transaction.kept) this.#options.warn(keptText(kept));
      return signatures;
    };
    return withTransaction(this.#repo.path, work, {
      refs: names,
      threads: 1,
      isVerified: remote !== undefined,
    });
  }

  async #head(commit: Checksum): Promise<CommitHead> {
    const { bytes, detached } = this.#commits.get(commit) ?? {};
    const whole = bytes ?? (await verifiedMetadata(this.#repo.objects, 'commit', commit));
    return { commit, bytes: whole, detached };
  }
}
