/** Where benchmarks keep what they prepare once, and what they write meanwhile. */
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';

/** On a disk, not in memory: the client writes as many objects as a real one would. */
export const STORAGE = process.env.TREEPORT_BENCH_DIR ?? '/var/tmp/treeport-bench';

/** `name` in the storage; `make` fills a temporary path, which gets the name only when it is whole. */
export async function prepared(name: string, make: (path: string) => Promise<void>): Promise<string> {
  const path = join(STORAGE, name);
  if (existsSync(path)) return path;
  const temporary = `${path}.tmp`;
  await rm(temporary, { recursive: true, force: true });
  await mkdir(join(path, '..'), { recursive: true });
  process.stderr.write(`  preparing ${name} (once)\n`);
  await make(temporary);
  await rename(temporary, path);
  return path;
}

/** Calls `use` with a new folder, which is removed afterwards. */
export async function withScratch<T>(use: (folder: string) => Promise<T>): Promise<T> {
  await mkdir(STORAGE, { recursive: true });
  const folder = await mkdtemp(join(STORAGE, 'scratch-'));
  try {
    return await use(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
