/**
 * Decides whether a directory may be used as the cache, and prepares it:
 *
 * | name | what it is |
 * |---|---|
 * | `treeport-cache` | the marker, with the text of {@link MARKER}; without it the directory must be empty |
 * | `<encoder>/objects/<2>/<62>.filez` | the objects of one encoder (encoder.ts defines its id) |
 * | `delta-parts/objects/<2>/<62>.filez` | parts of virtual deltas, named by their own SHA-256 |
 * | `delta-parts/objects/<2>/<62>.filez.making` | claims on the making of parts (part-claims.ts) |
 *
 * The directory must neither be a served repository nor lie inside or around one. Several servers may start
 * on one directory at once: the marker appears atomically, before anything else, and its bytes are always the
 * same.
 *
 * Only folders of encoders are ever removed, and only if no server has claimed them for a day: every server
 * renews the date of its own folder, see {@link claimFolder}.
 */
import { lstatSync, mkdirSync, statSync, utimesSync } from 'node:fs';
import { mkdir, readdir, realpath, rm } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { errnoOf, messageOf, TreeportError } from '../../base/errors.ts';
import { type Marker, markDirectory } from '../../base/marked-directory.ts';
import type { Repository } from '../../ostree/repo/open.ts';

export type CacheDirectoryOptions = {
  readonly directory: string;
  /** The encoder's id: equal ids give equal files. */
  readonly encoder: string;
  /** Paths of the served repository and its parents. */
  readonly repositories: readonly string[];
};

const MARKER: Marker = {
  name: 'treeport-cache',
  text: 'This directory is a cache of `treeport serve`. It may be deleted while no server uses it.\n',
};
const ENCODER_FOLDER = /^(?:deflate[0-9]-[\w.-]+|delta-parts)$/;
const UNCLAIMED_MS = 24 * 3_600_000;
/** The directories below `objects`. */
export const FAN_OUT: readonly string[] = Array.from({ length: 256 }, (_, fan) =>
  fan.toString(16).padStart(2, '0'),
);

/** The repository's path, and those of its parents. */
export function pathsOf({ path, parent }: Repository): readonly string[] {
  return parent === undefined ? [path] : [path, ...pathsOf(parent)];
}

/** Prepares the directory and returns the encoder's folder in it; ERR_CACHE_DIR if it cannot be used. */
export async function prepareCacheDirectory(options: CacheDirectoryOptions): Promise<string> {
  const directory = resolve(options.directory);
  try {
    await checkPlace(directory, options.repositories);
    await mkdir(directory, { recursive: true });
    const inTheWay = await markDirectory(directory, MARKER);
    if (inTheWay !== undefined) throw refused(directory, `it holds ${JSON.stringify(inTheWay)}`);
    const folder = join(directory, options.encoder);
    for (const path of [folder, join(folder, 'objects')]) makeDirectory(path);
    for (const fanOut of FAN_OUT) makeDirectory(join(folder, 'objects', fanOut));
    claimFolder(folder);
    return folder;
  } catch (error) {
    if (error instanceof TreeportError) throw error;
    throw new TreeportError(
      'ERR_CACHE_DIR',
      `cannot write the cache directory ${directory}: ${messageOf(error)}; give --cache-dir a writable one`,
      { cause: error },
    );
  }
}

/** Renews the date of an encoder's folder, so that no other server considers it abandoned. */
export function claimFolder(folder: string): void {
  const now = new Date();
  utimesSync(folder, now, now);
}

/** Removes the folders of other encoders that no server has claimed for a day; does not reject. */
export async function removeUnclaimedFolders(folder: string): Promise<void> {
  const directory = dirname(folder);
  for (const name of await readdir(directory).catch(() => [])) {
    if (name === basename(folder) || !ENCODER_FOLDER.test(name)) continue;
    const stats = lstatSync(join(directory, name), { throwIfNoEntry: false });
    if (stats?.isDirectory() !== true || Date.now() - stats.mtimeMs < UNCLAIMED_MS) continue;
    await rm(join(directory, name), { recursive: true, force: true }).catch(() => {});
  }
}

/** Compares device and inode, so that neither symlinks nor bind mounts disguise a directory. */
async function checkPlace(directory: string, repositories: readonly string[]): Promise<void> {
  const cache = await identitiesUpwards(directory);
  for (const repository of repositories) {
    const repo = await identitiesUpwards(repository);
    const isInside = repo[0] !== undefined && cache.includes(repo[0]);
    const isAround = cache[0] !== undefined && repo.includes(cache[0]);
    if (!isInside && !isAround) continue;
    const where = isInside ? (isAround ? 'is' : 'lies inside') : 'contains';
    throw refused(directory, `it ${where} the repository ${repository}`);
  }
}

/** The path's own identity first, undefined if it does not exist yet, then those of its ancestors. */
async function identitiesUpwards(path: string): Promise<readonly (string | undefined)[]> {
  const identities: (string | undefined)[] = [];
  let place = path;
  for (let real = await realPath(place); real === undefined; real = await realPath(place)) {
    identities.splice(0, 1, undefined);
    place = dirname(place);
  }
  for (let real = (await realPath(place)) as string; ; real = dirname(real)) {
    const { dev, ino } = statSync(real, { bigint: true });
    identities.push(`${dev}:${ino}`);
    if (real === dirname(real)) return identities;
  }
}

async function realPath(path: string): Promise<string | undefined> {
  try {
    return await realpath(path);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** Refuses a symlink in place of a directory, because writes below it would land elsewhere. */
function makeDirectory(path: string): void {
  try {
    mkdirSync(path);
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST' || !lstatSync(path).isDirectory()) throw error;
  }
}

function refused(directory: string, why: string): TreeportError {
  return new TreeportError(
    'ERR_CACHE_DIR',
    `cannot use ${directory} as the cache directory: ${why}; give --cache-dir an empty directory, or the cache of another server`,
  );
}
