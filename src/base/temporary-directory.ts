/** Directories for what is too large for memory, gone when the work is done or the process ends. */
import { existsSync, rmSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeError } from './atomic-file.ts';
import { onEarlyExit } from './cleanup.ts';

/** `$TMPDIR`; else /var/tmp, which is on disk, unlike /tmp on many machines. */
function baseDirectory(): string {
  return process.env.TMPDIR || (existsSync('/var/tmp') ? '/var/tmp' : tmpdir());
}

export type TemporaryDirectory = {
  readonly path: string;
  remove(): Promise<void>;
};

/** Makes a new directory; the caller removes it, or the end of the process does. */
export async function makeTemporaryDirectory(): Promise<TemporaryDirectory> {
  const base = baseDirectory();
  const path = await mkdtemp(join(base, 'treeport-')).catch((error) => {
    throw writeError(error, base);
  });
  const unregister = onEarlyExit(() => rmSync(path, { recursive: true, force: true }));
  return {
    path,
    remove: async () => {
      await rm(path, { recursive: true, force: true });
      unregister();
    },
  };
}

/** Runs `work` with a new directory and removes that afterwards. */
export async function withTemporaryDirectory<T>(work: (path: string) => Promise<T>): Promise<T> {
  const directory = await makeTemporaryDirectory();
  try {
    return await work(directory.path);
  } finally {
    await directory.remove();
  }
}
