/**
 * A repository opened by libostree for writing: an `OstreeRepo`, owned. Calls here are short and made on the caller's
 * thread; what writes objects is a Transaction.
 */
import { mkdirSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { writeError } from '../../base/atomic-file.ts';
import { TreeportError } from '../../base/errors.ts';
import { type Checksum, parseChecksum } from '../../ostree/checksum.ts';
import type { RepositoryMode } from '../../ostree/repo/open.ts';
import { checked, type ErrorPlace } from '../glib/gerror.ts';
import type { Handle } from '../glib/handle.ts';
import { lazily, type Pointer } from '../library.ts';
import { createRepo, modeOf, openRepo } from './open-calls.ts';
import { markPartial } from './partial-mark.ts';
import { parseRefspec } from './refspec.ts';
import { setRef } from './set-ref.ts';
import { Transaction } from './transaction.ts';

export type WritableMode = 'archive' | 'bare' | 'bare-user' | 'bare-user-only';

const ostree = lazily(({ ostree }) => ({
  isWritable: ostree.func('int ostree_repo_is_writable(void *repo, _Inout_ void **error)') as (
    repo: Pointer,
    error: ErrorPlace,
  ) => number,
}));

export type TransactionOptions = {
  /** How many threads write objects; by default as many as there are processors, at most eight. */
  readonly threads?: number;
  /**
   * What is written was verified by signatures: detached metadata is added to what a commit of the repository has.
   * Otherwise that stays as it is.
   */
  readonly isVerified?: boolean;
};

export class LibostreeRepo implements Disposable {
  /** Absolute. */
  readonly path: string;
  readonly mode: RepositoryMode;
  readonly #handle: Handle;

  private constructor(path: string, handle: Handle) {
    this.path = path;
    this.#handle = handle;
    this.mode = modeOf(handle.pointer);
  }

  /**
   * Opens a repository for writing; it may still be on a read-only file system, see checkWritable. Throws
   * ERR_LIBOSTREE_MISSING, ERR_REPO_MISSING, ERR_REPO_CONFIG, and ERR_REPO_MODE if nobody can write in its mode.
   */
  static open(path: string): LibostreeRepo {
    const repo = LibostreeRepo.openToRead(path);
    if (repo.mode !== 'bare-split-xattrs') return repo;
    repo.close();
    throw new TreeportError(
      'ERR_REPO_MODE',
      `repository ${repo.path} has the mode bare-split-xattrs, which is only written when images are built; use a repository of mode bare, bare-user or archive`,
    );
  }

  /** Opens a repository of any mode as a place to import objects from. */
  static openToRead(path: string): LibostreeRepo {
    const absolute = resolve(path);
    return new LibostreeRepo(absolute, openRepo(absolute));
  }

  /** Makes a repository, and the directories above it; one that is there already is opened if it has this mode. */
  static create(path: string, mode: WritableMode): LibostreeRepo {
    const absolute = resolve(path);
    makeParent(absolute);
    const repo = new LibostreeRepo(absolute, createRepo(absolute, mode));
    if (repo.mode === mode) return repo;
    repo.close();
    throw new TreeportError(
      'ERR_REPO_MODE',
      `there is a repository at ${absolute} already, of mode ${repo.mode}, not ${mode}`,
    );
  }

  /** For the modules of this folder. Valid until `close`. */
  get pointer(): Pointer {
    return this.#handle.pointer;
  }

  /** Throws ERR_REPO_READ_ONLY if objects cannot be written. */
  checkWritable(): void {
    checked(
      `the repository ${this.path} cannot be written`,
      (error) => ostree().isWritable(this.pointer, error),
      () => 'ERR_REPO_READ_ONLY',
    );
  }

  /**
   * Starts a transaction. One handle has one at a time; those of several handles on one repository may run at the same
   * time. Throws ERR_REPO_READ_ONLY.
   */
  async startTransaction(options: TransactionOptions = {}): Promise<Transaction> {
    this.checkWritable();
    return Transaction.start(this, options);
  }

  /** Says in the repository that objects of this commit may be missing, or no more. */
  setPartial(commit: Checksum, partial: boolean): void {
    markPartial(this.pointer, commit, partial);
  }

  /** Sets or deletes `ref` or `remote:ref` at once. Throws ERR_REF_SYNTAX. */
  setRef(refspec: string, commit: Checksum | undefined): void {
    setRef(this.pointer, parseRefspec(refspec), commit === undefined ? undefined : parseChecksum(commit));
  }

  /** Releases the handle. A transaction under way has one of its own. */
  close(): void {
    this.#handle[Symbol.dispose]();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

/** libostree makes the last directory of a path only. */
function makeParent(path: string): void {
  try {
    mkdirSync(dirname(path), { recursive: true });
  } catch (error) {
    throw writeError(error, path);
  }
}
