/**
 * Refs of a repository: parsing their names, checking in advance that they can be set, and setting them.
 *
 * A ref is a file below `refs/heads/` or `refs/remotes/REMOTE/`, so `os` and `os/new` exclude each other.
 */
import { accessSync, closeSync, constants, lstatSync, openSync, type Stats, statSync } from 'node:fs';
import { join } from 'node:path';
import { writeError } from '../../base/atomic-file.ts';
import { errnoOf, TreeportError } from '../../base/errors.ts';
import type { Checksum } from '../../ostree/checksum.ts';
import { isRefName, isRemoteName } from '../../ostree/ref-name.ts';
import { checked, type ErrorPlace } from '../glib/gerror.ts';
import { lazily, type Pointer } from '../library.ts';

export type Refspec = {
  readonly remote: string | null;
  readonly ref: string;
};

/** Throws ERR_REF_SYNTAX unless `text` is a ref name, or the name of a remote, a colon and a ref name. */
export function parseRefspec(text: string): Refspec {
  const colon = text.indexOf(':');
  const remote = colon < 0 ? null : text.slice(0, colon);
  const ref = text.slice(colon + 1);
  if (isRefName(ref) && (remote === null || isRemoteName(remote))) return { remote, ref };
  throw new TreeportError('ERR_REF_SYNTAX', `${JSON.stringify(text)} is not a valid ref name`);
}

const ostree = lazily(({ ostree }) => ({
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
  newCollectionRef: ostree.func(
    'void *ostree_collection_ref_new(const char *collection, const char *ref)',
  ) as (collection: string, ref: string) => Pointer,
  freeCollectionRef: ostree.func('void ostree_collection_ref_free(void *ref)') as (ref: Pointer) => void,
  setCollectionRef: ostree.func(
    'int ostree_repo_set_collection_ref_immediate(void *repo, void *ref, const char *checksum, void *cancellable, _Inout_ void **error)',
  ) as (repo: Pointer, ref: Pointer, checksum: Checksum, cancellable: null, error: ErrorPlace) => number,
}));

/** Sets the ref, or deletes it if `commit` is undefined. */
export function setRef(repo: Pointer, { remote, ref }: Refspec, commit: Checksum | undefined): void {
  const name = remote === null ? ref : `${remote}:${ref}`;
  checked(`cannot set the ref ${name}`, (error) =>
    ostree().setRef(repo, remote, ref, commit ?? null, null, error),
  );
}

/**
 * Sets the ref of a collection: below `refs/mirrors`, or below `refs/heads` if the repository is of this
 * collection. libostree aborts the process unless the id is valid.
 */
export function setCollectionRef(repo: Pointer, collection: string, ref: string, commit: Checksum): void {
  const pointer = ostree().newCollectionRef(collection, ref);
  try {
    checked(`cannot set the ref ${ref} of the collection ${collection}`, (error) =>
      ostree().setCollectionRef(repo, pointer, commit, null, error),
    );
  } finally {
    ostree().freeCollectionRef(pointer);
  }
}

/** NAME_MAX, and PATH_MAX without its NUL. */
const MAX_NAME_BYTES = 255;
const MAX_PATH_BYTES = 4095;
/** Creates an unnamed file (open(2)). Node has no constant for it. */
const O_TMPFILE = 0o20000000 | constants.O_DIRECTORY;

/**
 * Throws ERR_REF_SYNTAX, ERR_REF_CONFLICT if another ref is in the way, in the repository or among these, and
 * ERR_REPO_READ_ONLY if the files cannot be written.
 */
export function checkRefs(repo: string, refspecs: readonly string[]): void {
  const paths = refspecs.map(refPath);
  for (const [index, path] of paths.entries()) {
    const name = refspecs[index] as string;
    if (Buffer.byteLength(join(repo, path)) > MAX_PATH_BYTES) throw tooLong(name);
    const other = paths.findIndex((above) => path.startsWith(`${above}/`));
    if (other >= 0) throw conflict(name, `the ref ${refspecs[other]} is to be set as well`);
    checkWritable(checkPath(repo, path, name), name);
  }
}

/** The path of the ref's file in the repository. */
function refPath(refspec: string): string {
  const { remote, ref } = parseRefspec(refspec);
  if (ref.split('/').some((part) => Buffer.byteLength(part) > MAX_NAME_BYTES)) throw tooLong(refspec);
  return remote === null ? `refs/heads/${ref}` : `refs/remotes/${remote}/${ref}`;
}

/**
 * The deepest existing directory on the ref's path: the ref or its first missing directory will be created
 * there.
 */
function checkPath(repo: string, path: string, name: string): string {
  const parts = path.split('/');
  let directory = repo;
  for (const [index, part] of parts.entries()) {
    const next = join(directory, part);
    const isRef = index === parts.length - 1;
    const stats = lookAt(next, isRef ? lstatSync : statSync);
    if (stats === undefined) break;
    const here = parts.slice(0, index + 1).join('/');
    if (isRef && stats.isDirectory())
      throw conflict(name, `${here} is a directory; delete it, and the refs below it, first`);
    if (isRef) break;
    if (!stats.isDirectory()) throw conflict(name, `${here} is a ref; delete it first`);
    directory = next;
  }
  return directory;
}

function lookAt(path: string, stat: typeof statSync): Stats | undefined {
  try {
    return stat(path, { throwIfNoEntry: false });
  } catch (error) {
    throw writeError(error, path);
  }
}

function checkWritable(directory: string, name: string): void {
  try {
    tryToWrite(directory);
  } catch (error) {
    if (!['EACCES', 'EPERM', 'EROFS'].includes(errnoOf(error) ?? '')) throw writeError(error, directory);
    const message = `the ref ${name} cannot be set: ${directory} cannot be written`;
    throw new TreeportError('ERR_REPO_READ_ONLY', message, { cause: error });
  }
}

function tryToWrite(directory: string): void {
  try {
    closeSync(openSync(directory, O_TMPFILE | constants.O_WRONLY, 0o600));
  } catch (error) {
    // The file system does not support unnamed files.
    if (!['EOPNOTSUPP', 'EISDIR', 'ENOENT'].includes(errnoOf(error) ?? '')) throw error;
    accessSync(directory, constants.W_OK);
  }
}

function conflict(name: string, why: string): TreeportError {
  return new TreeportError('ERR_REF_CONFLICT', `the ref ${name} cannot be set: ${why}`);
}

function tooLong(name: string): TreeportError {
  return new TreeportError(
    'ERR_REF_SYNTAX',
    `the ref name ${JSON.stringify(`${name.slice(0, 80)}…`)} is too long for a file name`,
  );
}
