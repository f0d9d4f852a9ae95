/**
 * An OS tree for end-to-end tests: a few thousand of this machine's own files, and the entries that
 * break programs. Needs root.
 */
import {
  chmodSync,
  chownSync,
  closeSync,
  copyFileSync,
  ftruncateSync,
  lchownSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readlinkSync,
  type Stats,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { makeHostileTree } from '../../support/hostile-tree.ts';

const MIN_FILES = 3000;
const MACHINE_FOLDERS = ['usr/bin', 'usr/sbin', 'usr/lib', 'usr/share', 'etc'];
const PER_FOLDER = { files: 2000, bytes: 25 << 20 };
const MAX_FILE_BYTES = 4 << 20;

const SPARSE_BYTES = 300 << 20;

/** Where the hostile entries lie in the tree. */
export const HOSTILE = 'usr/lib/hostile';

/** Fills `tree` in the form ostree commits have: `/usr/etc`, empty `/var`. */
export async function makeOsTree(tree: string): Promise<void> {
  const files = MACHINE_FOLDERS.reduce((sum, folder) => sum + copyFolder(folder, tree), 0);
  if (files < MIN_FILES) throw new Error(`this machine gave ${files} files only`);
  for (const folder of ['boot', 'run', 'tmp', 'var', 'sysroot', 'usr/etc']) {
    mkdirSync(join(tree, folder), { recursive: true });
  }
  chmodSync(join(tree, 'tmp'), 0o1777);
  writeOwned(join(tree, 'usr/etc/shadow'), 'root:*:19000:0:99999:7:::\n', 0o640, 42);

  const hostile = join(tree, HOSTILE);
  mkdirSync(hostile);
  await makeHostileTree(hostile);
  writeOwned(join(hostile, 'empty-mode-0000'), '', 0, 0);
  writeOwned(join(hostile, 'empty-of-a-group'), '', 0o640, 1000);
  const sparse = openSync(join(hostile, 'sparse.img'), 'w');
  ftruncateSync(sparse, SPARSE_BYTES);
  closeSync(sparse);
}

function writeOwned(path: string, content: string, mode: number, group: number): void {
  writeFileSync(path, content);
  chownSync(path, 0, group);
  chmodSync(path, mode);
}

/** Copies a part of this machine's world-readable files, owners and modes kept; gives their number. */
function copyFolder(folder: string, tree: string): number {
  const done = { files: 0, bytes: 0 };
  for (const path of pathsBelow(folder)) {
    if (done.files === PER_FOLDER.files) break;
    const stats = lstatSync(join('/', path));
    const fits = stats.size <= MAX_FILE_BYTES && done.bytes + stats.size <= PER_FOLDER.bytes;
    if (!fits || (stats.mode & 0o004) === 0) continue;
    copyEntry(path, join(tree, path.replace(/^etc\//, 'usr/etc/')), stats);
    done.files += 1;
    done.bytes += stats.size;
  }
  return done.files;
}

/**
 * Regular files and symlinks of this machine, in the order of their names; not those whose name is no UTF-8.
 */
function* pathsBelow(folder: string): Generator<string> {
  const entries = readdirSync(join('/', folder), { withFileTypes: true });
  for (const entry of entries.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = join(folder, entry.name);
    if (entry.name.includes('\uFFFD')) continue;
    if (entry.isDirectory()) yield* pathsBelow(path);
    else if (entry.isFile() || entry.isSymbolicLink()) yield path;
  }
}

function copyEntry(path: string, to: string, stats: Stats): void {
  const from = join('/', path);
  mkdirSync(dirname(to), { recursive: true });
  if (stats.isSymbolicLink()) {
    symlinkSync(readlinkSync(from), to);
    lchownSync(to, stats.uid, stats.gid);
    return;
  }
  copyFileSync(from, to);
  chownSync(to, stats.uid, stats.gid);
  chmodSync(to, stats.mode & 0o7777);
}
