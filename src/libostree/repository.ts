/**
 * A repository opened by libostree for writing: an `OstreeRepo`, owned. Calls here are short and made on the caller's
 * thread; what writes objects is a Transaction.
 */
import { mkdirSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { errnoOf, messageOf, TreeportError } from '../base/errors.ts';
import { type Checksum, parseChecksum } from '../ostree/checksum.ts';
import type { RepositoryMode } from '../ostree/repo/open.ts';
import { checked, type ErrorPlace, type ForeignError } from './gerror.ts';
import { ownObject } from './glib.ts';
import type { Handle } from './handle.ts';
import { lazily, type Pointer } from './library.ts';
import { markPartial } from './partial-mark.ts';
import { parseRefspec } from './refspec.ts';
import { Transaction } from './transaction.ts';

export type WritableMode = 'archive' | 'bare' | 'bare-user' | 'bare-user-only';

/** OstreeRepoMode: the place of a mode is its number. */
const MODES: readonly RepositoryMode[] = [
  'bare',
  'archive',
  'bare-user',
  'bare-user-only',
  'bare-split-xattrs',
];
const AT_FDCWD = -100;

const ostree = lazily(({ ostree }) => ({
  openAt: ostree.func(
    'void *ostree_repo_open_at(int directory, const char *path, void *cancellable, _Inout_ void **error)',
  ) as (directory: number, path: string, cancellable: null, error: ErrorPlace) => Pointer,
  createAt: ostree.func(
    'void *ostree_repo_create_at(int directory, const char *path, int mode, void *options, void *cancellable, _Inout_ void **error)',
  ) as (
    directory: number,
    path: string,
    mode: number,
    options: null,
    cancellable: null,
    error: ErrorPlace,
  ) => Pointer,
  getMode: ostree.func('int ostree_repo_get_mode(void *repo)') as (repo: Pointer) => number,
  isWritable: ostree.func('int ostree_repo_is_writable(void *repo, _Inout_ void **error)') as (
    repo: Pointer,
    error: ErrorPlace,
  ) => number,
  setRef: ostree.func(
    'int ostree_repo_set_ref_immediate(void *repo, const char *remote, const char *ref, const char *checksum, void *cancellable, _Inout_ void **error)',
  ) as (
    repo: Pointer,
    remote: string | null,
    ref: string,
    checksum: Checksum | null,
    cancellable: null,
    error: ErrorPlace,
  ) => number,
}));

export type TransactionOptions = {
  /** How many threads write objects; by default as many as there are processors, at most eight. */
  readonly threads?: number;
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
      `repository ${repo.path} has the mode bare-split-xattrs, which only image builders write; import into a repository of mode bare, bare-user or archive`,
    );
  }

  /** Opens a repository of any mode as a place to import objects from. */
  static openToRead(path: string): LibostreeRepo {
    const absolute = resolve(path);
    const what = `cannot open the repository ${absolute}`;
    const pointer = checked(what, (error) => ostree().openAt(AT_FDCWD, absolute, null, error), classifyOpen);
    return new LibostreeRepo(absolute, ownObject(pointer));
  }

  /** Makes a repository, and the directories above it; one that is there already is opened if it has this mode. */
  static create(path: string, mode: WritableMode): LibostreeRepo {
    const absolute = resolve(path);
    makeParent(absolute);
    const what = `cannot make a repository at ${absolute}`;
    const number = MODES.indexOf(mode);
    const pointer = checked(what, (error) =>
      ostree().createAt(AT_FDCWD, absolute, number, null, null, error),
    );
    const repo = new LibostreeRepo(absolute, ownObject(pointer));
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
    const what = `the repository ${this.path} cannot be written`;
    checked(
      what,
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
    return Transaction.start(this, options.threads);
  }

  /** Says in the repository that objects of this commit may be missing, or no more. */
  setPartial(commit: Checksum, partial: boolean): void {
    markPartial(this.pointer, commit, partial);
  }

  /** Sets or deletes `ref` or `remote:ref` at once. Throws ERR_REF_SYNTAX. */
  setRef(refspec: string, commit: Checksum | undefined): void {
    const { remote, ref } = parseRefspec(refspec);
    const checksum = commit === undefined ? null : parseChecksum(commit);
    checked(`cannot set the ref ${refspec}`, (error) =>
      ostree().setRef(this.pointer, remote, ref, checksum, null, error),
    );
  }

  /** Releases the handle. A transaction has one of its own. */
  close(): void {
    this.#handle[Symbol.dispose]();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

function modeOf(pointer: Pointer): RepositoryMode {
  const mode = MODES[ostree().getMode(pointer)];
  if (mode !== undefined) return mode;
  throw new TreeportError(
    'ERR_REPO_MODE',
    'libostree opened a repository of a mode that treeport does not know',
  );
}

/** libostree makes the last directory of the path only. */
function makeParent(path: string): void {
  try {
    mkdirSync(dirname(path), { recursive: true });
  } catch (error) {
    const code = errnoOf(error) === 'ENOSPC' ? 'ERR_DISK_FULL' : 'ERR_IO';
    throw new TreeportError(code, `cannot make a repository at ${path}: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

const IO_ERROR_NOT_FOUND = 1;
const IO_ERROR_NOT_DIRECTORY = 4;

function classifyOpen({ domain, code, message }: ForeignError) {
  if (/\bmode '.*' in repository configuration/.test(message)) return 'ERR_REPO_MODE';
  if (domain === 'g-key-file-error-quark') return 'ERR_REPO_CONFIG';
  const isMissing = code === IO_ERROR_NOT_FOUND || code === IO_ERROR_NOT_DIRECTORY;
  return domain === 'g-io-error-quark' && isMissing ? 'ERR_REPO_MISSING' : undefined;
}
