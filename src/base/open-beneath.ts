/**
 * Opens and reads files of an untrusted directory tree: a repository or an image. Invariants:
 *
 * * Every opened file lies beneath the root. A link that leads out of it, in the last component or any
 *   before, is ERR_FILE_UNSAFE. The path of the root itself may contain links, because the caller chose it.
 * * Only regular files are opened. Devices and FIFOs are refused before an open could have side effects.
 * * Reads of whole files are bounded by a given size.
 *
 * Paths beneath the root have no `.`, `..` or empty components. Calls are synchronous because they take
 * microseconds (docs/decisions/0020-synchronous-small-reads.md, 0069-files-beneath-a-root.md).
 */
import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readSync,
  realpathSync,
  type Stats,
} from 'node:fs';
import { resolve } from 'node:path';
import { joinPath, Strayed, unsafePath, whereItBelongs } from './beneath-root.ts';
import { TreeportError } from './errors.ts';
import { hasPlaces, isAt, isBelow, pathOf, placeOf, placeOfOpened, withHandle } from './place.ts';

/** `refuse`: no component may be a link. `inside`: follows links that stay beneath the root. */
export type Links = 'refuse' | 'inside';

export type BeneathOptions = {
  /** `refuse` unless given. */
  readonly links?: Links;
  /** The directory beneath the root that links must not leave; the root itself unless given. */
  readonly within?: string;
};

export type OpenedFile = {
  /** The caller closes it. */
  readonly fd: number;
  readonly stats: Stats;
};

/** O_NONBLOCK, because opening a FIFO would otherwise block until its other end is opened. */
const OPEN_FLAGS = constants.O_RDONLY | constants.O_NONBLOCK;
const IF_THERE = { throwIfNoEntry: false } as const;

/**
 * Opens a regular file beneath the directory `root`. Undefined if no file has this name; ERR_FILE_UNSAFE;
 * other errors are the system's.
 */
export function openBeneath(
  root: string,
  path: string,
  { links = 'refuse', within }: BeneathOptions = {},
): OpenedFile | undefined {
  const named = joinPath(root, path);
  return whereItBelongs(root, path, (real) => {
    if (links === 'refuse') return openAt(named, joinPath(real, path));
    return openLinked(named, within === undefined ? real : joinPath(real, within));
  });
}

/** Like {@link openBeneath} without links, but 'irregular' for a symbolic link or another special file. */
export function openIfRegular(root: string, path: string): OpenedFile | 'irregular' | undefined {
  const named = joinPath(root, path);
  return whereItBelongs(root, path, (real) => {
    const found = lstatSync(named, IF_THERE);
    if (found === undefined) return undefined;
    return found.isFile() ? openFound(found, named, joinPath(real, path)) : 'irregular';
  });
}

/** Reads a whole file. Errors as in {@link openBeneath}, and ERR_FILE_TOO_LARGE beyond `maxBytes`. */
export function readBeneath(
  root: string,
  path: string,
  { maxBytes, ...options }: BeneathOptions & { readonly maxBytes: number },
): Buffer | undefined {
  const file = openBeneath(root, path, options);
  return file === undefined ? undefined : readAndClose(file, joinPath(root, path), maxBytes);
}

/**
 * Reads a whole file of this machine's configuration, following links anywhere. Errors as in
 * {@link readBeneath}.
 */
export function readRegularFile(path: string, maxBytes: number): Buffer | undefined {
  return readBeneath('/', resolve(path).slice(1), { links: 'inside', maxBytes });
}

/**
 * True if `path` leads to a regular file, through any links; ERR_FILE_UNSAFE if it leads to something else.
 */
export function isRegularFile(path: string): boolean {
  return isFileBeneath('/', resolve(path).slice(1), { links: 'inside' });
}

/** Reads a whole open file and closes it; ERR_FILE_TOO_LARGE quotes `name`. */
export function readAndClose({ fd, stats: { size } }: OpenedFile, name: string, maxBytes: number): Buffer {
  try {
    if (size <= maxBytes) return readStart(fd, size);
    const what = `it has ${size} bytes, the limit is ${maxBytes}`;
    throw new TreeportError('ERR_FILE_TOO_LARGE', `${name} is too large: ${what}`);
  } finally {
    closeSync(fd);
  }
}

/** True if {@link openBeneath} would open a file. */
export function isFileBeneath(root: string, path: string, options?: BeneathOptions): boolean {
  const file = openBeneath(root, path, options);
  if (file !== undefined) closeSync(file.fd);
  return file !== undefined;
}

/** The first `length` bytes of an open file, or fewer if it is shorter. */
export function readStart(fd: number, length: number): Buffer {
  const bytes = Buffer.allocUnsafeSlow(length);
  return bytes.subarray(0, readSync(fd, bytes, 0, length, 0));
}

/** Opens the file at `path` itself; its real path must be `expected`. */
function openAt(path: string, expected: string): OpenedFile | Strayed | undefined {
  const found = lstatSync(path, IF_THERE);
  return found === undefined ? undefined : openFound(found, path, expected);
}

/** Opens the file at `path`, which has these stats; its real path must be `expected`. */
function openFound(found: Stats, path: string, expected: string): OpenedFile | Strayed {
  requireRegular(found, path);
  const fd = openSync(path, OPEN_FLAGS | constants.O_NOFOLLOW);
  return closingOnFault(fd, () => {
    const place = placeOfOpened(fd, path);
    return isAt(place, expected) ? { fd, stats: requireRegular(fstatSync(fd), path) } : new Strayed(place);
  });
}

/** Opens the file that `path` leads to; its real path must be below `bound`. */
function openLinked(path: string, bound: string): OpenedFile | Strayed | undefined {
  if (!hasPlaces) {
    const place = realpathSync.native(path);
    return isBelow(place, bound) ? openAt(place, place) : new Strayed(place);
  }
  return withHandle(path, 0, (handle) => {
    const place = placeOf(handle);
    if (!isBelow(place, bound)) return new Strayed(place);
    const stats = requireRegular(fstatSync(handle), path);
    return { fd: openSync(pathOf(handle), OPEN_FLAGS), stats };
  });
}

/** Closes the descriptor unless `work` returns it. */
function closingOnFault(fd: number, work: () => OpenedFile | Strayed): OpenedFile | Strayed {
  let result: OpenedFile | Strayed | undefined;
  try {
    result = work();
    return result;
  } finally {
    if (result === undefined || result instanceof Strayed) closeSync(fd);
  }
}

function requireRegular(stats: Stats, path: string): Stats {
  if (stats.isFile()) return stats;
  throw unsafePath(path, `it is ${kindOf(stats)}`);
}

function kindOf(stats: Stats): string {
  if (stats.isSymbolicLink()) return 'a symbolic link';
  if (stats.isDirectory()) return 'a directory';
  if (stats.isFIFO()) return 'a FIFO';
  return stats.isSocket() ? 'a socket' : 'a device';
}
