/**
 * The staging directory of a transaction, `tmp/staging-<boot>-<random>`, in which libostree collects objects
 * until the commit. libostree takes over a directory that an aborted or killed transaction of any program
 * left behind, and commits its files unverified. So a directory that was taken over is swept first: verified
 * content, dirtrees and dirmetas stay; commits and detached metadata are removed (see held-commits.ts).
 *
 * libostree does not say which directory it took. It is the one that this process has open and that belongs
 * to no other transaction of the process.
 */
import { lstatSync, readdirSync, rmSync, type Stats, statSync } from 'node:fs';
import { join } from 'node:path';
import { errnoOf, TreeportError } from '../../base/errors.ts';
import { loosePath, type ObjectName, parseLooseName } from '../../ostree/object-name.ts';
import type { RepositoryMode } from '../../ostree/repo/open.ts';
import type { Pointer } from '../library.ts';

export type StagingPlace = {
  /** Path of the repository. */
  readonly repo: string;
  readonly mode: RepositoryMode;
  /** Path of the staging directory. */
  readonly directory: string;
  /** False if the repository's configuration has `core.fsync=false`. */
  readonly syncs: boolean;
  /** True if it has `core.per-object-fsync=true`: then libostree syncs, and else we do (sync-repo.ts). */
  readonly syncsEach: boolean;
  /** Set if files are written there by ourselves (stage-content.ts), which libostree does not count. */
  readonly ownFiles?: OwnFiles | undefined;
  /** Deflate level of such files in an archive repository. */
  readonly level: number;
};

/** Counts in shared memory: files, and their bytes. */
export type OwnFiles = BigUint64Array<SharedArrayBuffer>;

export function newOwnFiles(): OwnFiles {
  return new BigUint64Array(new SharedArrayBuffer(2 * BigUint64Array.BYTES_PER_ELEMENT));
}

/** A repository with a transaction in progress. */
export type StagedRepo = {
  readonly pointer: Pointer;
  readonly staging: StagingPlace;
};

const PREFIX = 'staging-';
/** The folder that a staging directory stands for. */
const OBJECTS = 'objects/';
const DESCRIPTORS = '/proc/self/fd';

const state: { readonly taken: Set<string>; last: Promise<unknown> } = {
  taken: new Set(),
  last: Promise.resolve(),
};

/** Serialises beginning and aborting transactions, so that the owner of each staging directory is known. */
export function oneAfterTheOther<Value>(work: () => Promise<Value>): Promise<Value> {
  const run = state.last.then(work);
  state.last = run.catch(() => {});
  return run;
}

/** The staging directory of the transaction that has just begun. Pair with `releaseStaging`. */
export function claimStaging(repo: string): string {
  const open = openDirectories();
  const folder = join(repo, 'tmp');
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    if (!name.startsWith(PREFIX) || state.taken.has(path)) continue;
    const stats = lstatSync(path, { throwIfNoEntry: false });
    if (stats === undefined || !open.has(identity(stats))) continue;
    state.taken.add(path);
    return path;
  }
  throw new TreeportError(
    'ERR_LIBOSTREE',
    `libostree began a transaction in ${repo}, but ${folder} has no staging directory for it`,
  );
}

/** True if a transaction has staged objects and not ended, or was aborted or killed. */
export function hasStaged(repo: string): boolean {
  const folder = join(repo, 'tmp');
  return isThere(folder) && readdirSync(folder).some((name) => name.startsWith(PREFIX));
}

export function releaseStaging(directory: string): void {
  state.taken.delete(directory);
}

/** Removes files that are never taken over or are in the repository already; returns the other objects. */
export function sweepStaging({ repo, mode, directory }: StagingPlace): readonly ObjectName[] {
  const names: ObjectName[] = [];
  for (const part of readdirSync(directory, { withFileTypes: true })) {
    if (!part.isDirectory() || part.name.length !== 2) continue;
    for (const file of readdirSync(join(directory, part.name))) {
      const name = adoptable(part.name, file, mode);
      if (name !== undefined && !isThere(join(repo, loosePath(name.checksum, extension(name, mode)))))
        names.push(name);
      else rmSync(join(directory, part.name, file), { recursive: true, force: true });
    }
  }
  return names;
}

/** Path of the object where it is staged, or in the repository itself; undefined if it is in neither. */
export function storedPath(place: StagingPlace, name: ObjectName): string | undefined {
  return placesOf(place, name).find(isThere);
}

/**
 * Removes an object that was staged, or that libostree moved to its place at once (core.per-object-fsync).
 */
export function dropObject(place: StagingPlace, name: ObjectName): void {
  const path = storedPath(place, name);
  if (path !== undefined) rmSync(path, { force: true });
}

/** Where the object is staged. */
export function stagedPath(place: StagingPlace, name: ObjectName): string {
  return placesOf(place, name)[0];
}

function placesOf({ repo, mode, directory }: StagingPlace, name: ObjectName): readonly [string, string] {
  const path = loosePath(name.checksum, extension(name, mode));
  // Not by `join`, which takes as long as a system call.
  return [`${directory}/${path.slice(OBJECTS.length)}`, `${repo}/${path}`];
}

function adoptable(part: string, file: string, mode: RepositoryMode): ObjectName | undefined {
  const parsed = parseLooseName(part, file);
  if (parsed === undefined) return undefined;
  for (const type of ['file', 'dirtree', 'dirmeta'] as const) {
    const name = { type, checksum: parsed.checksum };
    if (parsed.extension === extension(name, mode)) return name;
  }
  return undefined;
}

function extension({ type }: ObjectName, mode: RepositoryMode): string {
  return type === 'file' && mode === 'archive' ? 'filez' : type;
}

/** Symlinks count, wherever they point. */
function isThere(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}

function openDirectories(): ReadonlySet<string> {
  const found = new Set<string>();
  for (const descriptor of readdirSync(DESCRIPTORS)) {
    const stats = statOpen(join(DESCRIPTORS, descriptor));
    if (stats?.isDirectory()) found.add(identity(stats));
  }
  return found;
}

/** Undefined if the descriptor was closed meanwhile. */
function statOpen(path: string): Stats | undefined {
  try {
    return statSync(path);
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return undefined;
  }
}

function identity({ dev, ino }: Stats): string {
  return `${dev}:${ino}`;
}
