/**
 * A repository opened by libostree for writing: an `OstreeRepo`, owned. Calls here are short and made on the caller's
 * thread; what writes objects is a Transaction.
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
}));

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

/** Throws ERR_REPO_MISSING, ERR_REPO_CONFIG, ERR_REPO_MODE or ERR_FILE_UNSAFE. */
function openRepo(path: string): Handle {
  // libostree would wait for the other end of a FIFO, and no signal could end that.
  isFileBeneath(path, 'config', { links: 'inside' });
  const what = `cannot open the repository ${path}`;
  return ownObject(checked(what, (error) => ostree().openAt(AT_FDCWD, path, null, error), classify));
}

/** Makes the last directory of the path; a repository that is there already is opened, whatever its mode. */
function createRepo(path: string, mode: RepositoryMode): Handle {
  const what = `cannot make a repository at ${path}`;
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
