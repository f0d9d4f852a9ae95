/**
 * The real paths ("places") of open files and directories. Linux tells them for a descriptor (proc(5),
 * /proc/self/fd/N), so a rename between two calls cannot falsify them. Without /proc the path is resolved.
 */
import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readlinkSync,
  realpathSync,
  statSync,
} from 'node:fs';

/**
 * O_PATH of open(2), which Node does not export: a descriptor that gives path and type without opening the
 * file.
 */
const O_PATH = 0o10000000;
/** Linux appends this to the path of a file that was removed or replaced after it was opened. */
const DELETED = ' (deleted)';

/** True if the real path of a descriptor can be read. */
export const hasPlaces: boolean =
  process.platform === 'linux' && statSync('/proc/self/fd', { throwIfNoEntry: false }) !== undefined;

/** Real paths of root directories, by the paths that callers use. */
const roots = new Map<string, string>();
const MAX_ROOTS = 1000;

/** The real path of the directory `root`, following links. Cached until {@link forgetPlace}. */
export function placeOfRoot(root: string): string {
  const known = roots.get(root);
  if (known !== undefined) return known;
  const place = hasPlaces
    ? withHandle(root, constants.O_DIRECTORY, (handle) => placeOf(handle))
    : realpathSync.native(root);
  if (roots.size >= MAX_ROOTS) roots.clear();
  roots.set(root, place);
  return place;
}

export function forgetPlace(root: string): void {
  roots.delete(root);
}

/**
 * Calls `work` with an O_PATH descriptor of `path`, which does not open the file. Requires {@link hasPlaces}.
 */
export function withHandle<T>(path: string, flags: number, work: (handle: number) => T): T {
  const handle = openSync(path, O_PATH | flags);
  try {
    return work(handle);
  } finally {
    closeSync(handle);
  }
}

/** A path that opens exactly the file or directory of a descriptor. Requires {@link hasPlaces}. */
export function pathOf(descriptor: number): string {
  return `/proc/self/fd/${descriptor}`;
}

/** The real path of an open file. Requires {@link hasPlaces}. */
export function placeOf(descriptor: number): string {
  return readlinkSync(pathOf(descriptor));
}

/** The real path of the open file that was opened as `path`. */
export function placeOfOpened(descriptor: number, path: string): string {
  if (hasPlaces) return placeOf(descriptor);
  const place = realpathSync.native(path);
  const opened = fstatSync(descriptor);
  const there = lstatSync(place);
  return opened.ino === there.ino && opened.dev === there.dev ? place : `another place than ${place}`;
}

/** True if the file is at `expected`, or was when it was opened. */
export function isAt(place: string, expected: string): boolean {
  return place === expected || place === `${expected}${DELETED}`;
}

/** True if `place` is below the directory `bound`. */
export function isBelow(place: string, bound: string): boolean {
  return place.startsWith(bound.endsWith('/') ? bound : `${bound}/`);
}
