/** Directories for what is too large for memory, gone when the work is done or the process ends. */
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeError } from './atomic-file.ts';
import { Temporary } from './temporary.ts';

/** `$TMPDIR`; else /var/tmp, which is on disk, unlike /tmp on many machines. */
function baseDirectory(): string {
  return process.env.TMPDIR || (existsSync('/var/tmp') ? '/var/tmp' : tmpdir());
}

/** Makes a new directory; the caller removes it, or the end of the process does. */
export async function makeTemporaryDirectory(): Promise<Temporary> {
  const base = baseDirectory();
  return Temporary.create(join(base, 'treeport'), 'directory', 0o700).catch((error) => {
    throw writeError(error, base);
  });
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
