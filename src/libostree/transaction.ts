/**
 * A transaction of a repository as an ObjectSink: objects are staged by write threads and appear, with the refs, at
 * `commit`. Each object's bytes must give its id.
 *
 * Commits and their detached metadata are held back until `commit`. An aborted or killed transaction leaves what it
 * staged in tmp/ for the next one to go on from, and that may be of another import: no commit without its
 * objects, and no signatures that were refused, must get into the repository this way. While objects move to their
 * places their commit is marked partial, so that even a repository whose process was killed then is consistent.
 */
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { type Checksum, parseChecksum } from '../ostree/checksum.ts';
import type { ObjectName } from '../ostree/object-name.ts';
import type { ObjectSink, SinkMetadataType } from '../ostree/object-sink.ts';
import type { ContentObject } from '../ostree/object-source.ts';
import { verifyMetadata } from '../ostree/verify.ts';
import { checkContent } from './check-content.ts';
import { checkDetachedMetadata, checkMetadata } from './check-metadata.ts';
import { shareObject } from './glib.ts';
import type { Handle } from './handle.ts';
import { hashedStream } from './hashed-stream.ts';
import { lazily, type Pointer } from './library.ts';
import { hasObject, loadMetadata } from './load-metadata.ts';
import { markPartial } from './partial-mark.ts';
import { parseRefspec } from './refspec.ts';
import type { LibostreeRepo } from './repository.ts';
import type { TransactionStats } from './transaction-calls.ts';
import { BLOCK_BYTES, Writers } from './writers.ts';

const MAX_THREADS = 8;
/** Names that a thread imports at a time. */
const IMPORT_NAMES = 64;

const ostree = lazily(({ ostree }) => ({
  setRef: ostree.func(
    'void ostree_repo_transaction_set_ref(void *repo, const char *remote, const char *ref, const char *checksum)',
  ) as (repo: Pointer, remote: string | null, ref: string, checksum: Checksum) => void,
}));

export class Transaction implements ObjectSink {
  readonly #repo: LibostreeRepo;
  readonly #handle: Handle;
  readonly #writers: Writers;
  readonly #commits = new Map<Checksum, Buffer>();
  readonly #detached = new Map<Checksum, Buffer>();
  #isOver = false;

  private constructor(repo: LibostreeRepo, handle: Handle, writers: Writers) {
    this.#repo = repo;
    this.#handle = handle;
    this.#writers = writers;
  }

  /** What LibostreeRepo.startTransaction calls. */
  static async start(
    repo: LibostreeRepo,
    threads: number = Math.min(availableParallelism(), MAX_THREADS),
  ): Promise<Transaction> {
    const handle = shareObject(repo.pointer);
    const writers = new Writers(handle.pointer, join(repo.path, 'tmp'), threads);
    const transaction = new Transaction(repo, handle, writers);
    try {
      await writers.run({ kind: 'prepare' });
      return transaction;
    } catch (error) {
      await transaction.#close();
      throw error;
    }
  }

  async has(name: ObjectName): Promise<boolean> {
    parseChecksum(name.checksum);
    if (name.type === 'commit' && this.#commits.has(name.checksum)) return true;
    if (name.type === 'commitmeta' && this.#detached.has(name.checksum)) return true;
    return this.#writers.isPending(name) || hasObject(this.#pointer, name);
  }

  async metadata(type: SinkMetadataType, checksum: Checksum, bytes: Uint8Array): Promise<void> {
    this.#check(checksum);
    checkMetadata(type, checksum, bytes);
    if (type !== 'commit') return this.#give(type, checksum, bytes);
    verifyMetadata(type, checksum, bytes);
    this.#commits.set(checksum, Buffer.from(bytes));
  }

  async detachedMetadata(commit: Checksum, bytes: Uint8Array): Promise<void> {
    this.#check(commit);
    checkDetachedMetadata(commit, bytes);
    this.#detached.set(commit, Buffer.from(bytes));
  }

  async content(checksum: Checksum, object: ContentObject): Promise<void> {
    this.#check(checksum);
    checkContent(checksum, object, this.#repo.mode);
    const { length, pieces } = hashedStream(checksum, object);
    if (length > BLOCK_BYTES) return this.#writers.addLarge(checksum, pieces);
    return this.#writers.add('file', checksum, length, (memory) => fill(memory, pieces));
  }

  /**
   * Copies objects of another repository, verified. A commit comes with its detached metadata.
   * ERR_OBJECT_MISSING is thrown if a metadata object is not there.
   */
  async importFrom(source: LibostreeRepo, names: readonly ObjectName[]): Promise<void> {
    for (const { checksum } of names) this.#check(checksum);
    const isHeld = ({ type }: ObjectName) => type === 'commit' || type === 'commitmeta';
    for (const { checksum } of names.filter(isHeld)) await this.#importCommit(source.pointer, checksum);
    const others = names.filter((name) => !isHeld(name));
    const tasks = Array.from({ length: Math.ceil(others.length / IMPORT_NAMES) }, (_, index) =>
      others.slice(index * IMPORT_NAMES, (index + 1) * IMPORT_NAMES),
    );
    const work = tasks.map((names) => this.#writers.run({ kind: 'import', source: source.pointer, names }));
    await Promise.all(work);
  }

  /** The bytes of a metadata object, of this transaction or of the repository, not verified. What was given must be settled. */
  load(type: SinkMetadataType | 'commitmeta', checksum: Checksum): Buffer {
    parseChecksum(checksum);
    const held = {
      commit: this.#commits,
      commitmeta: this.#detached,
      dirtree: undefined,
      dirmeta: undefined,
    };
    return held[type]?.get(checksum) ?? loadMetadata(this.#pointer, type, checksum);
  }

  /** `ref` or `remote:ref` names this commit once the transaction is committed. Throws ERR_REF_SYNTAX. */
  setRef(refspec: string, commit: Checksum): void {
    this.#check(commit);
    const { remote, ref } = parseRefspec(refspec);
    ostree().setRef(this.#pointer, remote, ref, commit);
  }

  async settle(): Promise<void> {
    this.#check();
    await this.#writers.settle();
  }

  /**
   * Makes the objects and refs appear. Every commit that was given must be complete: none of them is marked partial
   * afterwards. If this fails the transaction is aborted.
   */
  async commit(): Promise<TransactionStats> {
    this.#check();
    const added: Checksum[] = [];
    try {
      await this.#writers.settle();
      added.push(...[...this.#commits.keys()].filter((commit) => !this.#hasCommit(commit)));
      for (const commit of added) markPartial(this.#pointer, commit, true);
      await this.#writeHeld();
      const stats = await this.#writers.run({ kind: 'commit' });
      for (const commit of this.#commits.keys()) markPartial(this.#pointer, commit, false);
      await this.#close();
      return stats as TransactionStats;
    } catch (error) {
      await this.#abort(added);
      throw error;
    }
  }

  /** Nothing of the transaction appears. Does nothing if it is over. */
  async abort(): Promise<void> {
    if (!this.#isOver) await this.#abort([]);
  }

  get #pointer(): Pointer {
    return this.#handle.pointer;
  }

  /** Throws the first fault of the threads, and ERR_CHECKSUM_SYNTAX. */
  #check(checksum?: Checksum): void {
    if (this.#isOver) throw new Error('the transaction is over');
    this.#writers.check();
    if (checksum !== undefined) parseChecksum(checksum);
  }

  #give(type: SinkMetadataType | 'commitmeta', checksum: Checksum, bytes: Uint8Array): Promise<void> {
    return this.#writers.add(type, checksum, bytes.length, (memory) => memory.set(bytes));
  }

  #hasCommit(checksum: Checksum): boolean {
    return hasObject(this.#pointer, { type: 'commit', checksum });
  }

  async #importCommit(source: Pointer, commit: Checksum): Promise<void> {
    await this.metadata('commit', commit, loadMetadata(source, 'commit', commit));
    if (hasObject(source, { type: 'commitmeta', checksum: commit }))
      await this.detachedMetadata(commit, loadMetadata(source, 'commitmeta', commit));
  }

  async #writeHeld(): Promise<void> {
    const given = [
      ...[...this.#detached].map(([commit, bytes]) => this.#give('commitmeta', commit, bytes)),
      ...[...this.#commits].map(([commit, bytes]) => this.#give('commit', commit, bytes)),
    ];
    await Promise.all(given);
    await this.#writers.settle();
  }

  async #abort(marked: readonly Checksum[]): Promise<void> {
    this.#isOver = true;
    await this.#writers.stop();
    try {
      await this.#writers.run({ kind: 'abort' });
      for (const commit of marked) if (!this.#hasCommit(commit)) markPartial(this.#pointer, commit, false);
    } finally {
      await this.#close();
    }
  }

  async #close(): Promise<void> {
    this.#isOver = true;
    await this.#writers.close();
    this.#handle[Symbol.dispose]();
  }
}

async function fill(memory: Uint8Array, pieces: AsyncIterable<Uint8Array>): Promise<void> {
  let at = 0;
  for await (const piece of pieces) {
    memory.set(piece, at);
    at += piece.length;
  }
}
