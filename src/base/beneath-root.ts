/**
 * Finds files beneath the root of an untrusted directory tree, for open-beneath.ts and list-beneath.ts: a
 * result counts only if its real path is where it belongs. ERR_FILE_UNSAFE if a link leads elsewhere.
 */
import { errnoOf, isTreeportError, TreeportError } from './errors.ts';
import { forgetPlace, placeOfRoot } from './place.ts';

/** No file has this name. */
const ABSENT: readonly (string | undefined)[] = ['ENOENT', 'ENOTDIR', 'ENAMETOOLONG'];
/** Retries, because the root may be replaced between an open and the check of its path. */
const ATTEMPTS = 3;

/** The path where a file was found instead of the expected one. */
export class Strayed {
  readonly place: string;

  constructor(place: string) {
    this.place = place;
  }
}

/**
 * Calls `attempt` with the real path of the root until the result lies where it should; undefined if it is
 * absent.
 */
export function whereItBelongs<T>(
  root: string,
  path: string,
  attempt: (real: string) => T | Strayed | undefined,
): T | undefined {
  try {
    for (let count = 1; ; count++) {
      const found = attempt(placeOfRoot(root));
      if (!(found instanceof Strayed)) return found;
      if (count === ATTEMPTS) throw unsafePath(joinPath(root, path), `it leads to ${found.place}`);
      forgetPlace(root);
    }
  } catch (error) {
    if (isTreeportError(error)) throw error;
    if (ABSENT.includes(errnoOf(error))) return undefined;
    if (errnoOf(error) === 'ELOOP') throw unsafePath(joinPath(root, path), 'its links go in a circle', error);
    throw error;
  }
}

export function unsafePath(path: string, why: string, cause?: unknown): TreeportError {
  return new TreeportError('ERR_FILE_UNSAFE', `${path} is not opened: ${why}`, { cause });
}

/** The path as the kernel writes it: no slash before an empty part, one after the root directory. */
export function joinPath(root: string, path: string): string {
  if (path === '') return root;
  return root.endsWith('/') ? root + path : `${root}/${path}`;
}
