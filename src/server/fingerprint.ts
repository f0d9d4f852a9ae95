/** Fingerprints of files and directory trees: names, sizes, inodes and time stamps. */
import { createHash } from 'node:crypto';
import { lstatSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Fingerprint } from './live.ts';

/** Of the paths and everything below them; absent ones count as such. */
export async function fingerprintOf(paths: readonly string[]): Promise<Fingerprint> {
  const seen = new Seen();
  for (const path of paths) await visit(path, seen);
  return { text: seen.digest.digest('hex'), newest: seen.newest, entries: seen.entries };
}

class Seen {
  readonly digest = createHash('sha256');
  newest = 0;
  entries = 0;
}

async function visit(path: string, seen: Seen): Promise<void> {
  const stats = lstatSync(path, { throwIfNoEntry: false });
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
