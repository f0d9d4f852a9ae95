/**
 * The directory of Node's compile cache, and of what else is remembered. Cached code is executed, so it lies
 * in the user's own cache directory: anybody can prepare Node's default below /tmp, and a HOME that `sudo`
 * has kept is another user's. There is no cache unless its directory is writable by this user alone.
 */
import { mkdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { env } from 'node:process';

const OTHERS_MAY_WRITE = 0o022;

/** The directory of the user of this process; see {@link compileCacheDirectory}. */
export function userCacheDirectory(): string | undefined {
  const { XDG_CACHE_HOME, HOME } = env;
  const cacheHome = XDG_CACHE_HOME || (HOME ? join(HOME, '.cache') : undefined);
  return cacheHome === undefined ? undefined : compileCacheDirectory(cacheHome);
}

/** Creates the directory below `cacheHome` if need be; undefined if it cannot be used. */
export function compileCacheDirectory(cacheHome: string): string | undefined {
  const directory = join(cacheHome, 'treeport');
  try {
    if (!isOwn(existing(cacheHome) ? cacheHome : dirname(cacheHome))) return undefined;
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    return isOwn(directory) ? directory : undefined;
  } catch {
    return undefined;
  }
}

function existing(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined;
}

function isOwn(path: string): boolean {
  const { uid, mode } = statSync(path);
  return uid === process.geteuid?.() && (mode & OTHERS_MAY_WRITE) === 0;
}
