/**
 * Lists and inspects files of an untrusted directory tree without opening them; the rules are those of
 * open-beneath.ts.
 */
import {
  constants,
  type Dirent,
  lstatSync,
  readdirSync,
  readlinkSync,
  realpathSync,
  type Stats,
} from 'node:fs';
import { joinPath, Strayed, whereItBelongs } from './beneath-root.ts';
import { hasPlaces, isAt, pathOf, placeOf, withHandle } from './place.ts';

/** The entries of a directory, without following links. Undefined if it does not exist; ERR_FILE_UNSAFE. */
export function listBeneath(root: string, path: string): readonly Dirent[] | undefined {
  return whereItBelongs(root, path, (real) =>
    inDirectory(root, real, path, (directory) => readdirSync(directory, { withFileTypes: true })),
  );
}

/** Stats of the file at `path`, of a link itself. Undefined if it does not exist; ERR_FILE_UNSAFE. */
export function lstatBeneath(root: string, path: string): Stats | undefined {
  const { directory, name } = split(path);
  return whereItBelongs(root, path, (real) =>
    // Callers often ask for absent files, and an exception costs several times this call.
    lstatSync(joinPath(root, path), { throwIfNoEntry: false }) === undefined
      ? undefined
      : inDirectory(root, real, directory, (at) => lstatSync(joinPath(at, name))),
  );
}

/** The target of the link at `path`. Undefined if it does not exist; ERR_FILE_UNSAFE. */
export function readLinkBeneath(root: string, path: string): Buffer | undefined {
  const { directory, name } = split(path);
  return whereItBelongs(root, path, (real) =>
    inDirectory(root, real, directory, (at) => readlinkSync(joinPath(at, name), { encoding: 'buffer' })),
  );
}

/**
 * Calls `work` with a path that leads into the directory at `path`, for readers of whole directories.
 * Undefined if it does not exist; ERR_FILE_UNSAFE.
 */
export function inDirectoryBeneath<T>(
  root: string,
  path: string,
  work: (directory: string) => T,
): { readonly value: T } | undefined {
  return whereItBelongs(root, path, (real) =>
    inDirectory(root, real, path, (directory) => ({ value: work(directory) })),
  );
}

/** Calls `work` with a path of the directory at `path`, after checking that it really lies there. */
function inDirectory<T>(
  root: string,
  real: string,
  path: string,
  work: (directory: string) => T,
): T | Strayed {
  const named = joinPath(root, path);
  const expected = joinPath(real, path);
  const check = (place: string, inside: string) =>
    isAt(place, expected) ? work(inside) : new Strayed(place);
  if (!hasPlaces) {
    const place = realpathSync.native(named);
    return check(place, place);
  }
  return withHandle(named, constants.O_DIRECTORY, (handle) => check(placeOf(handle), pathOf(handle)));
}

function split(path: string): { readonly directory: string; readonly name: string } {
  const slash = path.lastIndexOf('/');
  return { directory: slash < 0 ? '' : path.slice(0, slash), name: path.slice(slash + 1) };
}
