/**
 * A repository opened by libostree for writing; owns an `OstreeRepo`. Calls are short and run on the caller's
 * thread. Objects are written through a Transaction (start-transaction.ts).
 */
import { mkdirSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { writeError } from '../../base/atomic-file.ts';
import type { ErrorCode } from '../../base/error-codes.ts';
import { TreeportError } from '../../base/errors.ts';
import { isFileBeneath } from '../../base/open-beneath.ts';
import { type Checksum, parseChecksum } from '../../ostree/checksum.ts';
import type { RepositoryMode } from '../../ostree/repo/open.ts';
import { checked, type ErrorPlace, type ForeignError, isNotFound } from '../glib/gerror.ts';
import { type Handle, ownObject } from '../glib/glib.ts';
import { lazily, type Pointer } from '../library.ts';
import { markPartial } from './metadata.ts';
import { parseRefspec, setRef } from './refs.ts';

export type WritableMode = 'archive' | 'bare' | 'bare-user' | 'bare-user-only';

/** OstreeRepoMode; a mode's index is its number. */
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
}));

/** A repository that libostree has opened. `close` or `using` releases it. */
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
   * Opens a repository for writing; its file system may still be read-only (see checkWritable). Throws
   * ERR_LIBOSTREE_MISSING, ERR_REPO_MISSING, ERR_REPO_CONFIG, and ERR_REPO_MODE for a mode that cannot be
   * written.
   */
  static open(path: string): LibostreeRepo {
    const repo = LibostreeRepo.openToRead(path);
    if (repo.mode !== 'bare-split-xattrs') return repo;
    repo.close();
    throw new TreeportError(
      'ERR_REPO_MODE',
      `repository ${repo.path} has the mode bare-split-xattrs, which treeport writes only when it builds images; use a repository of mode bare, bare-user or archive`,
    );
  }

  /** Opens a repository of any mode for reading, for instance to import objects from it. */
  static openToRead(path: string): LibostreeRepo {
    const absolute = resolve(path);
    return new LibostreeRepo(absolute, openRepo(absolute));
  }

  /** Creates a repository and its parent directories; opens an existing one if it has this mode. */
  static create(path: string, mode: WritableMode): LibostreeRepo {
    const absolute = resolve(path);
    makeParent(absolute);
    const repo = new LibostreeRepo(absolute, createRepo(absolute, mode));
    if (repo.mode === mode) return repo;
    repo.close();
    throw new TreeportError(
      'ERR_REPO_MODE',
      `the repository at ${absolute} exists already and has mode ${repo.mode}, not ${mode}`,
    );
  }

  /** The OstreeRepo, for the modules of this folder. Valid until `close`. */
  get pointer(): Pointer {
    return this.#handle.pointer;
  }

  /** Throws ERR_REPO_READ_ONLY if objects cannot be written. */
  checkWritable(): void {
    checked(
      `cannot write to the repository ${this.path}`,
      (error) => ostree().isWritable(this.pointer, error),
      () => 'ERR_REPO_READ_ONLY',
    );
  }

  /** Marks a commit as partial (objects may be missing) or as complete. */
  setPartial(commit: Checksum, partial: boolean): void {
    markPartial(this.pointer, commit, partial);
  }

  /** Sets or deletes `ref` or `remote:ref` immediately. Throws ERR_REF_SYNTAX. */
  setRef(refspec: string, commit: Checksum | undefined): void {
    setRef(this.pointer, parseRefspec(refspec), commit === undefined ? undefined : parseChecksum(commit));
  }

  /** Releases the OstreeRepo. A transaction holds a reference of its own. */
  close(): void {
    this.#handle[Symbol.dispose]();
  }

  /** As {@link close}. */
  [Symbol.dispose](): void {
    this.close();
  }
}

/** libostree creates only the last directory of a path. */
function makeParent(path: string): void {
  try {
    mkdirSync(dirname(path), { recursive: true });
  } catch (error) {
    throw writeError(error, path);
  }
}

/** Throws ERR_REPO_MISSING, ERR_REPO_CONFIG, ERR_REPO_MODE or ERR_FILE_UNSAFE. */
function openRepo(path: string): Handle {
  // libostree would block on a FIFO, and no signal could interrupt it.
  isFileBeneath(path, 'config', { links: 'inside' });
  const what = `cannot open the repository ${path}`;
  return ownObject(checked(what, (error) => ostree().openAt(AT_FDCWD, path, null, error), classify));
}

/** Creates the last directory of the path; opens an existing repository of any mode. */
function createRepo(path: string, mode: RepositoryMode): Handle {
  const what = `cannot create a repository at ${path}`;
  const number = MODES.indexOf(mode);
  return ownObject(
    checked(what, (error) => ostree().createAt(AT_FDCWD, path, number, null, null, error), classify),
  );
}

function modeOf(repo: Pointer): RepositoryMode {
  const mode = MODES[ostree().getMode(repo)];
  if (mode !== undefined) return mode;
  throw new TreeportError(
    'ERR_REPO_MODE',
    'libostree opened a repository of a mode that treeport does not know',
  );
}

function classify(error: ForeignError): ErrorCode | undefined {
  if (/\bmode '.*' in repository configuration/.test(error.message)) return 'ERR_REPO_MODE';
  if (error.domain === 'g-key-file-error-quark') return 'ERR_REPO_CONFIG';
  return isNotFound(error) || /Not a directory/.test(error.message) ? 'ERR_REPO_MISSING' : undefined;
}
