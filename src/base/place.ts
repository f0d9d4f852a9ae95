/**
 * Where open files and directories lie: their paths without any link. Linux says it of a descriptor (proc(5),
 * /proc/self/fd/N), which no rename between two calls can falsify. Where there is no /proc the path is resolved.
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

/** O_PATH of open(2), which Node does not name: a descriptor with a place and a type, of a file that is not opened. */
const O_PATH = 0o10000000;
/** What Linux puts behind the path of a file that has been removed or replaced since it was opened. */
const DELETED = ' (deleted)';

/** True if descriptors have places. */
export const hasPlaces: boolean =
  process.platform === 'linux' && statSync('/proc/self/fd', { throwIfNoEntry: false }) !== undefined;

/** The real places of directories by the paths that callers name them by. */
const roots = new Map<string, string>();
const MAX_ROOTS = 1000;

/** The place of the directory `root`, which may be reached through links. Known until {@link forgetPlace}. */
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

/** Calls `work` with a descriptor of what lies at `path` that does not open it. Only where {@link hasPlaces}. */
export function withHandle<T>(path: string, flags: number, work: (handle: number) => T): T {
  const handle = openSync(path, O_PATH | flags);
  try {
    return work(handle);
  } finally {
    closeSync(handle);
  }
}

/** A path that leads to the very file or directory of a descriptor. Only where {@link hasPlaces}. */
export function pathOf(descriptor: number): string {
  return `/proc/self/fd/${descriptor}`;
}

/** The place of an open file. Only where {@link hasPlaces}. */
export function placeOf(descriptor: number): string {
  return readlinkSync(pathOf(descriptor));
}

/** Where the open file lies that was reached by `path`. */
export function placeOfOpened(descriptor: number, path: string): string {
  if (hasPlaces) return placeOf(descriptor);
  const place = realpathSync.native(path);
  const opened = fstatSync(descriptor);
  const there = lstatSync(place);
  return opened.ino === there.ino && opened.dev === there.dev ? place : `another place than ${place}`;
}

/** True if a file lies at `expected`, or lay there when it was opened. */
export function isAt(place: string, expected: string): boolean {
  return place === expected || place === `${expected}${DELETED}`;
}

/** True if `place` lies below the directory `bound`. */
export function isBelow(place: string, bound: string): boolean {
  return place.startsWith(bound.endsWith('/') ? bound : `${bound}/`);
}
