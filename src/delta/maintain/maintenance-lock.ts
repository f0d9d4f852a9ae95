/** Keeps a second `delta maintain` from a repository, and makes the directory for deltas in the making. */
import { closeSync, openSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { writeError } from '../../base/atomic-file.ts';
import { TreeportError } from '../../base/errors.ts';
import { Temporary, type TryLock } from '../../base/temporary.ts';

/** Where the list of declined deltas is as well. */
const OWN_FOLDER = 'extensions/treeport';

/** Runs `work` with an empty directory on the repository's file system. ERR_DELTA_BUSY, ERR_IO. */
export async function withMaintenanceLock<Result>(
  repoPath: string,
  tryLock: TryLock,
  work: (scratch: Temporary) => Promise<Result>,
): Promise<Result> {
  const lock = await lockDirectory(join(repoPath, OWN_FOLDER), tryLock);
  try {
    const scratch = await makeScratch(join(repoPath, 'tmp'));
    try {
      return await work(scratch);
    } finally {
      await scratch.remove();
    }
  } finally {
    closeSync(lock);
  }
}

/** On the file system of the deltas. Creating it removes what a killed run has left. */
async function makeScratch(directory: string): Promise<Temporary> {
  try {
    await mkdir(directory, { recursive: true });
    return await Temporary.create(join(directory, 'treeport-deltas'), 'directory', 0o755);
  } catch (error) {
    throw writeError(error, directory);
  }
}

/** Locks the directory itself, so that nothing is left behind; the kernel frees the lock with the process. */
async function lockDirectory(path: string, tryLock: TryLock): Promise<number> {
  try {
    await mkdir(path, { recursive: true });
    const descriptor = openSync(path, 'r');
    if (tryLock(descriptor)) return descriptor;
    closeSync(descriptor);
  } catch (error) {
    throw writeError(error, path);
  }
  throw new TreeportError(
    'ERR_DELTA_BUSY',
    `another \`delta maintain\` works on this repository (it has locked ${path}); wait until it ends`,
  );
}
