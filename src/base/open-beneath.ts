/**
 * Opens, lists and inspects files of a directory tree that nobody vouches for: a repository, an image. Invariants:
 *
 * * What is opened lies beneath the root. A link that leads out, in the last name or in a directory on the way, is
 *   ERR_FILE_UNSAFE. The root itself may be reached through links, because the caller named it.
 * * Only regular files are opened. Devices and FIFOs are refused before an open could have an effect on them.
 * * A whole file is read only up to a given size.
 *
 * Paths beneath the root have no `.`, `..` or empty parts. The calls are synchronous, because they take microseconds
 * (docs/decisions/0020-synchronous-small-reads.md, 0069-files-beneath-a-root.md).
 */
import {
  closeSync,
  constants,
  type Dirent,
  fstatSync,
  lstatSync,
  openSync,
  readdirSync,
  readlinkSync,
  readSync,
  realpathSync,
  type Stats,
} from 'node:fs';
import { resolve } from 'node:path';
import { errnoOf, isTreeportError, TreeportError } from './errors.ts';
import {
  forgetPlace,
  hasPlaces,
  isAt,
  isBelow,
  pathOf,
  placeOf,
  placeOfOpened,
  placeOfRoot,
  withHandle,
} from './place.ts';

/** `refuse`: no name on the way may be a link. `inside`: links are followed as long as they stay beneath the root. */
export type Links = 'refuse' | 'inside';

export type BeneathOptions = {
  /** `refuse` without it. */
  readonly links?: Links;
  /** The directory beneath the root that links must not leave; the root itself without it. */
  readonly within?: string;
};

export type OpenedFile = {
  /** The receiver closes it. */
  readonly fd: number;
  readonly stats: Stats;
};

/** O_NONBLOCK, because opening a FIFO would otherwise wait for its other end. */
const OPEN_FLAGS = constants.O_RDONLY | constants.O_NONBLOCK;
/** There is nothing under this name. */
const ABSENT: readonly (string | undefined)[] = ['ENOENT', 'ENOTDIR', 'ENAMETOOLONG'];
const IF_THERE = { throwIfNoEntry: false } as const;
/** The root may be replaced between an open and the look at its place. */
const ATTEMPTS = 3;

/**
 * Opens a regular file beneath the directory `root`. Undefined if there is nothing under this name; ERR_FILE_UNSAFE; other
 * faults are the system's errors.
 */
export function openBeneath(
  root: string,
  path: string,
  { links = 'refuse', within }: BeneathOptions = {},
): OpenedFile | undefined {
  const named = join(root, path);
  return whereItBelongs(root, path, (real) => {
    if (links === 'refuse') return openAt(named, join(real, path));
    return openLinked(named, within === undefined ? real : join(real, within));
  });
}

/** Reads a whole file; as {@link openBeneath}, and ERR_FILE_TOO_LARGE beyond `maxBytes`. */
export function readBeneath(
  root: string,
  path: string,
  { maxBytes, ...options }: BeneathOptions & { readonly maxBytes: number },
): Buffer | undefined {
  const file = openBeneath(root, path, options);
  return file === undefined ? undefined : readAndClose(file, join(root, path), maxBytes);
}

/** Reads a whole file of this machine's configuration: a regular one, whatever links lead to it. As {@link readBeneath}. */
export function readRegularFile(path: string, maxBytes: number): Buffer | undefined {
  return readBeneath('/', resolve(path).slice(1), { links: 'inside', maxBytes });
}

/** True if there is one, whatever links lead to it; ERR_FILE_UNSAFE if something else is there. */
export function isRegularFile(path: string): boolean {
  return isFileBeneath('/', resolve(path).slice(1), { links: 'inside' });
}

/** Reads the whole of an opened file; ERR_FILE_TOO_LARGE with the name it is given here. */
export function readAndClose({ fd, stats: { size } }: OpenedFile, name: string, maxBytes: number): Buffer {
  try {
    if (size <= maxBytes) return readStart(fd, size);
    const what = `it has ${size} bytes, and at most ${maxBytes} are read`;
    throw new TreeportError('ERR_FILE_TOO_LARGE', `${name} is too large: ${what}`);
  } finally {
    closeSync(fd);
  }
}

/** True if there is a regular file that {@link openBeneath} would open. */
export function isFileBeneath(root: string, path: string, options?: BeneathOptions): boolean {
  const file = openBeneath(root, path, options);
  if (file !== undefined) closeSync(file.fd);
  return file !== undefined;
}

/** The first `length` bytes of an open file, or as many as there are. */
export function readStart(fd: number, length: number): Buffer {
  const bytes = Buffer.allocUnsafeSlow(length);
  return bytes.subarray(0, readSync(fd, bytes, 0, length, 0));
}

/** The entries of a directory, which no link may lead to. Undefined if there is none; ERR_FILE_UNSAFE. */
export function listBeneath(root: string, path: string): readonly Dirent[] | undefined {
  return whereItBelongs(root, path, (real) =>
    inDirectory(root, real, path, (directory) => readdirSync(directory, { withFileTypes: true })),
  );
}

/** What lies at `path`: a link itself, not its target. Undefined if nothing; ERR_FILE_UNSAFE. */
export function lstatBeneath(root: string, path: string): Stats | undefined {
  const { directory, name } = split(path);
  return whereItBelongs(root, path, (real) =>
    // What is absent is asked for often, and an exception costs several times this call.
    lstatSync(join(root, path), IF_THERE) === undefined
      ? undefined
      : inDirectory(root, real, directory, (at) => lstatSync(join(at, name))),
  );
}

/** The target of the link at `path`. Undefined if there is nothing; ERR_FILE_UNSAFE. */
export function readLinkBeneath(root: string, path: string): Buffer | undefined {
  const { directory, name } = split(path);
  return whereItBelongs(root, path, (real) =>
    inDirectory(root, real, directory, (at) => readlinkSync(join(at, name), { encoding: 'buffer' })),
  );
}

/** Where something was found that belongs elsewhere. */
class Strayed {
  readonly place: string;

  constructor(place: string) {
    this.place = place;
  }
}

/** Calls `attempt` with the real place of the root until it finds the thing where it belongs; undefined if it is absent. */
function whereItBelongs<T>(
  root: string,
  path: string,
  attempt: (real: string) => T | Strayed | undefined,
): T | undefined {
  try {
    for (let count = 1; ; count++) {
      const found = attempt(placeOfRoot(root));
      if (!(found instanceof Strayed)) return found;
      if (count === ATTEMPTS) throw unsafe(join(root, path), `it leads to ${found.place}`);
      forgetPlace(root);
    }
  } catch (error) {
    if (isTreeportError(error)) throw error;
    if (ABSENT.includes(errnoOf(error))) return undefined;
    if (errnoOf(error) === 'ELOOP') throw unsafe(join(root, path), 'its links go in a circle', error);
    throw error;
  }
}

/** Opens the file at `path` itself, whose place must be `expected`. */
function openAt(path: string, expected: string): OpenedFile | Strayed | undefined {
  const found = lstatSync(path, IF_THERE);
  if (found === undefined) return undefined;
  requireRegular(found, path);
  const fd = openSync(path, OPEN_FLAGS | constants.O_NOFOLLOW);
  return closingOnFault(fd, () => {
    const place = placeOfOpened(fd, path);
    return isAt(place, expected) ? { fd, stats: requireRegular(fstatSync(fd), path) } : new Strayed(place);
  });
}

/** Opens the file that `path` leads to, whose place must be below `bound`. */
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

/** Calls `work` with a path that leads to the directory at `path`, which must lie there. */
function inDirectory<T>(
  root: string,
  real: string,
  path: string,
  work: (directory: string) => T,
): T | Strayed {
  const named = join(root, path);
  const expected = join(real, path);
  const check = (place: string, inside: string) =>
    isAt(place, expected) ? work(inside) : new Strayed(place);
  if (!hasPlaces) {
    const place = realpathSync.native(named);
    return check(place, place);
  }
  return withHandle(named, constants.O_DIRECTORY, (handle) => check(placeOf(handle), pathOf(handle)));
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
  throw unsafe(path, `it is ${kindOf(stats)}`);
}

function kindOf(stats: Stats): string {
  if (stats.isSymbolicLink()) return 'a symbolic link';
  if (stats.isDirectory()) return 'a directory';
  if (stats.isFIFO()) return 'a FIFO';
  return stats.isSocket() ? 'a socket' : 'a device';
}

function unsafe(path: string, why: string, cause?: unknown): TreeportError {
  return new TreeportError('ERR_FILE_UNSAFE', `${path} is not opened: ${why}`, { cause });
}

function split(path: string): { readonly directory: string; readonly name: string } {
  const slash = path.lastIndexOf('/');
  return { directory: slash < 0 ? '' : path.slice(0, slash), name: path.slice(slash + 1) };
}

/** The path as the kernel writes it: no slash before an empty part, one after the root directory. */
function join(root: string, path: string): string {
  if (path === '') return root;
  return root.endsWith('/') ? root + path : `${root}/${path}`;
}
