/**
 * Extracts a snapshot into a repository. Order:
 *
 * 1. Layers, in a few transactions: their content, dirtrees and dirmetas stay in the repository even if the
 *    extraction ends here, and the next one need not read them. Nothing leads to them yet.
 * 2. When all layers are there, every commit is checked to be complete, and the commits are written with
 *    their detached metadata.
 * 3. The refs.
 */
import type { Warn } from '../base/errors.ts';
import { keptText, withTransaction } from '../container/import/repo-transaction.ts';
import { type VerifiedSignature, verifyCommitHead } from '../container/import/verify-signatures.ts';
import type { Transaction } from '../native/ostree/transaction.ts';
import type { Checksum } from '../ostree/checksum.ts';
import { verifiedMetadata } from '../ostree/load.ts';
import { parseLooseName } from '../ostree/object-name.ts';
import { openRepository, type Repository } from '../ostree/repo/open.ts';
import type { CommitHead } from '../tar/import-commit.ts';
import { checkContentComplete, neededObjects } from '../tar/needed-objects.ts';
import { checkCollections } from './collections.ts';
import { ExtractedLayers } from './extract-layers.ts';
import { type ExtractionPlan, planExtraction } from './extraction-plan.ts';
import type { Snapshot } from './open.ts';
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
  readonly #layers: ExtractedLayers;

  constructor(snapshot: Snapshot, repo: Repository, plan: ExtractionPlan, options: ExtractOptions) {
    this.#snapshot = snapshot;
    this.#repo = repo;
    this.#plan = plan;
    this.#options = options;
    const { onProgress } = options;
    const progress = onProgress === undefined ? {} : { onProgress };
    this.#layers = new ExtractedLayers({ snapshot, repo, needs: (name) => plan.has(name), ...progress });
  }

  async run(): Promise<Extracted> {
    const fetched = await this.#layers.read();
    this.#holdDetachedFiles();
    const signatures = await this.#land();
    const { refs, commits } = this.#plan;
    const cached = this.#snapshot.layers.length - fetched;
    return { refs, commits: commits.length, fetched, cached, signatures };
  }

  #holdDetachedFiles(): void {
    for (const [path, bytes] of this.#snapshot.files) {
      const [objects, directory = '', file = ''] = path.split('/');
      const name = objects === 'objects' ? parseLooseName(directory, file) : undefined;
      if (name?.extension === 'commitmeta') this.#layers.hold(name.checksum, { detached: bytes });
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
      const needed = await neededObjects(transaction, commits, this.#layers.arrived);
      await checkContentComplete(transaction, needed, this.#layers.arrived);
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
    const { bytes, detached } = this.#layers.commits.get(commit) ?? {};
    const whole = bytes ?? (await verifiedMetadata(this.#repo.objects, 'commit', commit));
    return { commit, bytes: whole, detached };
  }
}
