/**
 * Temporary directories for data too large for memory; removed when the work is done or the process exits.
 */
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeError } from './atomic-file.ts';
import { Temporary } from './temporary.ts';

/** `$TMPDIR`, else /var/tmp: unlike /tmp, it is on disk on every machine. */
export function temporaryBase(): string {
  return process.env.TMPDIR || (existsSync('/var/tmp') ? '/var/tmp' : tmpdir());
}

/** Creates a directory. The caller removes it; otherwise it goes when the process exits. */
export async function makeTemporaryDirectory(): Promise<Temporary> {
  const base = temporaryBase();
  return Temporary.create(join(base, 'treeport'), 'directory', 0o700).catch((error) => {
    throw writeError(error, base);
  });
}

/** Runs `work` with a new directory and removes the directory afterwards. */
export async function withTemporaryDirectory<T>(work: (path: string) => Promise<T>): Promise<T> {
  const directory = await makeTemporaryDirectory();
  try {
    return await work(directory.path);
  } finally {
    await directory.remove();
  }
}
