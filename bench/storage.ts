/** Storage for prepared inputs, which are kept, and for the output of benchmarks. */
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';

/** On a disk rather than tmpfs, as for real clients. */
export const STORAGE = process.env.TREEPORT_BENCH_DIR ?? '/var/tmp/treeport-bench';

/** Path of `name` in the storage. `make` fills a temporary path, which is renamed when complete. */
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

/** Runs `use` with a new folder, which is removed afterwards. */
export async function withScratch<T>(use: (folder: string) => Promise<T>): Promise<T> {
  await mkdir(STORAGE, { recursive: true });
  const folder = await mkdtemp(join(STORAGE, 'scratch-'));
  try {
    return await use(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
