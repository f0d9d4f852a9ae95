/**
 * Puts deltas into a repository and takes them out, so that a client never meets half of one.
 *
 * * Parts come before their superblock, which is renamed into place. A delta without a superblock is not
 *   listed by any server, and clients that find none pull objects.
 * * Removing the superblock is the first step of removing a delta. Its parts stay for a grace period, for
 *   clients that have the superblock. The change time of the directory says when it went.
 * * A part is never replaced by other bytes within that period.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, readdir, rename, rm, rmdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { writeError } from '../../base/atomic-file.ts';
import { deltaNames } from '../../ostree/delta-list.ts';
import { type DeltaName, deltaDirectory, superblockPath } from '../../ostree/delta-name.ts';
import { readSuperblockFile, superblockIn } from './stored-superblock.ts';

const SUPERBLOCK = 'superblock';
const PART = /^(?:0|[1-9]\d*)$/;
const HOUR = 3_600_000;
/** How long parts stay for clients that have their superblock, unless a policy says otherwise. */
export const DEFAULT_GRACE: number = 24 * HOUR;

export type Period = {
  /** Milliseconds. */
  readonly grace: number;
  /** The time, in milliseconds since 1970. */
  readonly now: number;
};

/** A delta that may move into the repository. */
export type DeltaPlacement = {
  readonly made: string;
  readonly target: string;
  /** In this order, with the superblock last; without the parts that are there already. */
  readonly files: readonly string[];
};

/**
 * How the delta in the directory `made`, on the same file system, moves into the repository. Undefined if
 * parts of an earlier delta with this name are in the way until their grace period ends.
 */
export async function placeDelta(
  repoPath: string,
  name: DeltaName,
  made: string,
  period: Period,
): Promise<DeltaPlacement | undefined> {
  const target = join(repoPath, deltaDirectory(name));
  const parts = (await readdir(made)).filter((file) => file !== SUPERBLOCK);
  try {
    const there = await readdir(target).catch(() => [] as string[]);
    const files: string[] = [];
    for (const file of parts) {
      const isThere = there.includes(file);
      if (isThere && (await isSame(join(target, file), join(made, file)))) continue;
      if (isThere && (there.includes(SUPERBLOCK) || !(await isOver(target, period)))) return undefined;
      files.push(file);
    }
    return { made, target, files: [...files, SUPERBLOCK] };
  } catch (error) {
    throw writeError(error, target);
  }
}

/** Moves the files. */
export async function putDelta({ made, target, files }: DeltaPlacement): Promise<void> {
  try {
    await mkdir(target, { recursive: true });
    for (const file of files) {
      await flush(join(made, file));
      await rename(join(made, file), join(target, file));
    }
    await flush(target);
  } catch (error) {
    throw writeError(error, target);
  }
}

/** Removes the superblock; the parts stay. */
export async function withdrawDelta(repoPath: string, name: DeltaName): Promise<void> {
  await rm(join(repoPath, superblockPath(name)), { force: true });
}

/**
 * Removes files that no client can need any more: those of deltas whose superblock has been gone for the
 * grace period, and parts that no superblock has named for so long, of a delta that was made again with
 * fewer. Returns the number of deltas.
 */
export async function removeOldParts(
  repoPath: string,
  period: Period,
  names: Iterable<DeltaName> = deltaNames(repoPath),
): Promise<number> {
  let removed = 0;
  for (const name of names) {
    const directory = join(repoPath, deltaDirectory(name));
    const files = await readdir(directory);
    const named = namedParts(repoPath, name);
    const unnamed = files.filter((file) => PART.test(file) && Number(file) >= named);
    if (unnamed.length === 0 && files.includes(SUPERBLOCK)) continue;
    if (!(await isOver(directory, period))) continue;
    for (const file of unnamed) await rm(join(directory, file));
    if (!files.includes(SUPERBLOCK)) await removeDirectory(directory);
    removed += 1;
  }
  return removed;
}

/** The number of parts that the superblock names; all if it cannot be read. */
function namedParts(repoPath: string, name: DeltaName): number {
  const bytes = readSuperblockFile({ path: repoPath }, name);
  if (bytes === undefined) return 0;
  return superblockIn(bytes)?.parts.length ?? Number.POSITIVE_INFINITY;
}

async function removeDirectory(directory: string): Promise<void> {
  await rm(directory, { recursive: true, force: true });
  // Fails if another delta is in it.
  await rmdir(dirname(directory)).catch(() => {});
}

async function isOver(directory: string, { grace, now }: Period): Promise<boolean> {
  return (await stat(directory)).ctimeMs + grace <= now;
}

async function isSame(one: string, other: string): Promise<boolean> {
  const [first, second] = [await stat(one), await stat(other)];
  if (first.size !== second.size) return false;
  return (await sumOf(one)) === (await sumOf(other));
}

async function sumOf(path: string): Promise<string> {
  const sum = createHash('sha256');
  await pipeline(createReadStream(path), sum);
  return sum.digest('hex');
}

/** A part must not be lost by a crash that its superblock survives. */
async function flush(path: string): Promise<void> {
  await using file = await open(path, 'r');
  await file.sync();
}
