/**
 * A transaction of a repository as an ObjectSink: write threads stage objects, and `commit` publishes them
 * and the refs. Each object's bytes must give its id. Commits and their detached metadata are written last
 * (see held-commits.ts).
 */
import { copyPieces } from '../../base/bytes.ts';
import { type Checksum, parseChecksum } from '../../ostree/checksum.ts';
import type { HashedMetadataType, ObjectName } from '../../ostree/object-name.ts';
import type { ObjectSink } from '../../ostree/object-sink.ts';
import type { ContentObject } from '../../ostree/object-source.ts';
import { verifyMetadata } from '../../ostree/verify.ts';
import type { Handle } from '../glib/glib.ts';
import type { Pointer } from '../library.ts';
import { checkContent, checkDetachedMetadata, checkMetadata, hashedStream } from './check-objects.ts';
import type { FreeSpace } from './free-space.ts';
import { HeldCommits, type HeldType, isHeld } from './held-commits.ts';
import { hasObject, loadMetadata } from './metadata.ts';
import { checkRefs, parseRefspec, setCollectionRef, setRef } from './refs.ts';
import type { LibostreeRepo } from './repository.ts';
import { spreadWork } from './spread-work.ts';
import { oneAfterTheOther, releaseStaging, type StagedRepo } from './staging.ts';
import { isSyncedHere } from './sync-repo.ts';
import type { TransactionStats } from './transaction-calls.ts';
import { WRITE_BLOCK_BYTES, type Writers } from './writers.ts';

export type TransactionStart = {
  readonly repo: StagedRepo;
  /** Set if files are staged by ourselves. */
  readonly space: FreeSpace | undefined;
  /** Objects that an earlier transaction staged, to be verified before anything else is done. */
  readonly leftover: readonly ObjectName[];
};

type TransactionParts = {
  readonly repo: LibostreeRepo;
  readonly handle: Handle;
  readonly start: TransactionStart;
  readonly writers: Writers;
  readonly isVerified: boolean;
};

export class Transaction implements ObjectSink {
  readonly #repo: LibostreeRepo;
  readonly #handle: Handle;
  readonly #start: TransactionStart;
  readonly #writers: Writers;
  readonly #held: HeldCommits;
  readonly #refs = new Map<string, Checksum>();
  readonly #collectionRefs: (readonly [collection: string, ref: string, commit: Checksum])[] = [];
  #hasSynced = false;
  #isOver = false;

  /** See startTransaction. The transaction owns the handle and the writers. */
  constructor({ repo, handle, start, writers, isVerified }: TransactionParts) {
    this.#repo = repo;
    this.#handle = handle;
    this.#start = start;
    this.#writers = writers;
    this.#held = new HeldCommits(isVerified);
  }

  /**
   * Drops unsound objects among those that an earlier transaction staged; aborts the transaction if it fails.
   */
  async sweep(): Promise<void> {
    try {
      await spreadWork(this.#writers, this.#start.leftover, (names) => ({ kind: 'sweep', names }));
    } catch (error) {
      await this.abort();
      throw error;
    }
  }

  async has(name: ObjectName): Promise<boolean> {
    this.#check(name.checksum);
    const isGiven = this.#held.get(name.type, name.checksum) !== undefined || this.#writers.isPending(name);
    return isGiven || hasObject(this.#pointer, name);
  }

  /** Adds a metadata object, verified; a commit only when everything else is in place. */
  async metadata(type: HashedMetadataType, checksum: Checksum, bytes: Uint8Array): Promise<void> {
    this.#check(checksum);
    checkMetadata(type, checksum, bytes);
    if (type !== 'commit') return this.#give(type, checksum, bytes);
    verifyMetadata(type, checksum, bytes);
    this.#held.hold(type, checksum, bytes);
  }

  async detachedMetadata(commit: Checksum, bytes: Uint8Array): Promise<void> {
    this.#check(commit);
    checkDetachedMetadata(commit, bytes);
    this.#held.hold('commitmeta', commit, bytes);
  }

  async content(checksum: Checksum | undefined, object: ContentObject): Promise<Checksum> {
    this.#check(checksum);
    checkContent(checksum, object, this.#repo.mode);
    const { length, pieces } = hashedStream(checksum, object);
    this.#start.space?.take(length);
    if (length > WRITE_BLOCK_BYTES) return this.#writers.addLarge(checksum, pieces);
    return this.#writers.add('file', checksum, length, (memory) => copyPieces(pieces, memory));
  }

  /**
   * Copies objects of another repository, verified; a commit with its detached metadata. Throws
   * ERR_OBJECT_MISSING.
   */
  async importFrom(source: LibostreeRepo, names: readonly ObjectName[]): Promise<void> {
    for (const { checksum } of names) this.#check(checksum);
    for (const { type, checksum } of names) {
      if (type === 'commit') await this.#importCommit(source.pointer, checksum);
    }
    const others = names.filter(({ type }) => !isHeld(type));
    await spreadWork(this.#writers, others, (names) => ({ kind: 'import', source: source.pointer, names }));
  }

  /** After `commit`: commits whose detached metadata stayed, although other metadata was given. */
  get kept(): readonly Checksum[] {
    return this.#held.kept;
  }

  /** The bytes of a metadata object, given or in the repository, unverified. `settle` before. */
  load(type: HashedMetadataType | 'commitmeta', checksum: Checksum): Buffer {
    this.#check(checksum);
    return this.#held.get(type, checksum) ?? loadMetadata(this.#pointer, type, checksum);
  }

  /** Sets `ref` or `remote:ref` to the commit when the transaction is committed. Throws ERR_REF_SYNTAX. */
  setRef(refspec: string, commit: Checksum): void {
    this.#check(commit);
    parseRefspec(refspec);
    this.#refs.set(refspec, commit);
  }

  /** The same for a ref of a collection, whose id must be valid. */
  setCollectionRef(collection: string, ref: string, commit: Checksum): void {
    this.#check(commit);
    parseRefspec(ref);
    this.#collectionRefs.push([collection, ref, commit]);
  }

  async settle(): Promise<void> {
    this.#check();
    await this.#writers.settle();
    this.#startSync();
  }

  /**
   * Publishes the objects and refs. Every given commit must be complete, because none is marked partial
   * afterwards. If this fails, the transaction is aborted.
   */
  async commit(): Promise<TransactionStats> {
    this.#check();
    try {
      checkRefs(this.#repo.path, [...this.#refs.keys()]);
      await this.#writers.settle();
      await this.#held.release(this.#pointer, (type, commit, bytes) => this.#give(type, commit, bytes));
      await this.#writers.settle();
      const stats = await this.#writers.commit();
      this.#held.markComplete(this.#pointer);
      // Last, and outside libostree's transaction, because no ref may name a commit that is marked partial.
      for (const [refspec, commit] of this.#refs) setRef(this.#pointer, parseRefspec(refspec), commit);
      for (const [collection, ref, commit] of this.#collectionRefs)
        setCollectionRef(this.#pointer, collection, ref, commit);
      await this.#close();
      return stats;
    } catch (error) {
      await this.abort();
      throw error;
    }
  }

  /**
   * Discards the transaction; a no-op if it is over. Never fails, so that the error that led here is
   * reported. The next transaction sweeps the files left behind.
   */
  async abort(): Promise<void> {
    if (this.#isOver) return;
    this.#isOver = true;
    await this.#writers.stop();
    await oneAfterTheOther(async () => {
      await this.#writers.abort().catch(() => {});
      releaseStaging(this.#start.repo.staging.directory);
    });
    this.#held.withdrawMarks(this.#pointer);
    await this.#close();
  }

  /**
   * Starts to sync what is written while the caller checks that it is complete. The next call throws an
   * error.
   */
  #startSync(): void {
    if (this.#hasSynced || !isSyncedHere(this.#start.repo.staging)) return;
    this.#hasSynced = true;
    this.#writers.run({ kind: 'sync' }).catch(() => {});
  }

  get #pointer(): Pointer {
    return this.#handle.pointer;
  }

  /** Throws the first error of the threads, and ERR_CHECKSUM_SYNTAX. */
  #check(checksum?: Checksum): void {
    if (this.#isOver) throw new Error('the transaction is over');
    this.#writers.check();
    if (checksum !== undefined) parseChecksum(checksum);
  }

  async #give(type: HashedMetadataType | HeldType, checksum: Checksum, bytes: Uint8Array): Promise<void> {
    await this.#writers.add(type, checksum, bytes.length, (memory) => memory.set(bytes));
  }

  async #importCommit(source: Pointer, commit: Checksum): Promise<void> {
    await this.metadata('commit', commit, loadMetadata(source, 'commit', commit));
    if (hasObject(source, { type: 'commitmeta', checksum: commit }))
      await this.detachedMetadata(commit, loadMetadata(source, 'commitmeta', commit));
  }

  async #close(): Promise<void> {
    this.#isOver = true;
    releaseStaging(this.#start.repo.staging.directory);
    await this.#writers.close();
    this.#handle[Symbol.dispose]();
  }
}
