/** Fingerprints of files and directory trees: names, sizes, inodes and time stamps. */
import { createHash } from 'node:crypto';
import { lstatSync, statSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Fingerprint } from './live.ts';

export type FingerprintOptions = {
  /** Whether a path that is a symlink stands for its target; below a directory a symlink is always itself. */
  readonly followLinks?: boolean;
};

/** Of the paths and everything below them; absent ones count as such. */
export async function fingerprintOf(
  paths: readonly string[],
  { followLinks = false }: FingerprintOptions = {},
): Promise<Fingerprint> {
  const seen = new Seen();
  for (const path of paths) await visit(path, seen, followLinks ? statSync : lstatSync);
  return { text: seen.digest.digest('hex'), newest: seen.newest, entries: seen.entries };
}

class Seen {
  readonly digest = createHash('sha256');
  newest = 0;
  entries = 0;
}

async function visit(path: string, seen: Seen, look: typeof statSync = lstatSync): Promise<void> {
  const stats = look(path, { throwIfNoEntry: false });
  seen.entries += 1;
  if (stats === undefined) {
    seen.digest.update(`${path}\0absent\n`);
    return;
  }
  seen.newest = Math.max(seen.newest, stats.mtimeMs);
  seen.digest.update(`${path}\0${stats.ino} ${stats.size} ${stats.mtimeMs} ${stats.ctimeMs}\n`);
  if (!stats.isDirectory()) return;
  const names = await readdir(path).catch(() => []);
  for (const name of names.sort()) await visit(join(path, name), seen);
}
