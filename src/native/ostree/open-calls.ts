/** Opening and making repositories: the calls that give an `OstreeRepo`. */
import type { ErrorCode } from '../../base/error-codes.ts';
import { TreeportError } from '../../base/errors.ts';
import { isFileBeneath } from '../../base/open-beneath.ts';
import type { RepositoryMode } from '../../ostree/repo/open.ts';
import { checked, type ErrorPlace, type ForeignError, isNotFound } from '../glib/gerror.ts';
import { ownObject } from '../glib/glib.ts';
import type { Handle } from '../glib/handle.ts';
import { lazily, type Pointer } from '../library.ts';

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
}));

/** Throws ERR_REPO_MISSING, ERR_REPO_CONFIG, ERR_REPO_MODE or ERR_FILE_UNSAFE. */
export function openRepo(path: string): Handle {
  // libostree would wait for the other end of a FIFO, and no signal could end that.
  isFileBeneath(path, 'config', { links: 'inside' });
  const what = `cannot open the repository ${path}`;
  return ownObject(checked(what, (error) => ostree().openAt(AT_FDCWD, path, null, error), classify));
}

/** Makes the last directory of the path; a repository that is there already is opened, whatever its mode. */
export function createRepo(path: string, mode: RepositoryMode): Handle {
  const what = `cannot make a repository at ${path}`;
  const number = MODES.indexOf(mode);
  return ownObject(
    checked(what, (error) => ostree().createAt(AT_FDCWD, path, number, null, null, error), classify),
  );
}

export function modeOf(repo: Pointer): RepositoryMode {
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
