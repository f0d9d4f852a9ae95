/**
 * Atomic files: written under a temporary name beside the final one, then renamed, so that no partial file is
 * visible.
 */
import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { type FileHandle, mkdir, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { errnoOf, systemReason, TreeportError } from './errors.ts';
import { nameBeside, Temporary } from './temporary.ts';

/** A name beside `path` that nothing else uses. */
export function temporaryName(path: string): string {
  return nameBeside(path, String(process.pid));
}

/** Writes the file `path`, atomically replacing any file there. Creates missing directories. */
export function writeFileAtomic(
  path: string,
  content: Uint8Array | AsyncIterable<Uint8Array>,
  mode = 0o644,
): Promise<void> {
  return written(path, mode, async (temporary) => {
    await fill(temporary.path, content);
    await temporary.rename(path);
  });
}

/**
 * Replaces the file `path` if `isUnchanged` says so when the new one is ready, a system call before it gets
 * its name. Returns whether it was replaced.
 */
export async function replaceUnchanged(
  path: string,
  content: Uint8Array,
  isUnchanged: () => boolean,
): Promise<boolean> {
  const outcome = { isReplaced: false };
  await written(path, 0o644, async (temporary) => {
    await fill(temporary.path, content);
    outcome.isReplaced = isUnchanged();
    if (outcome.isReplaced) temporary.renameNow(path);
    else await temporary.remove();
  });
  return outcome.isReplaced;
}

/** Calls `work` with a temporary file beside `path`, which it renames or removes. */
async function written(
  path: string,
  mode: number,
  work: (temporary: Temporary) => Promise<void>,
): Promise<void> {
  let temporary: Temporary | undefined;
  try {
    await mkdir(dirname(path), { recursive: true });
    temporary = await Temporary.create(path, 'file', mode);
    await work(temporary);
  } catch (error) {
    await temporary?.remove();
    throw writeError(error, path);
  }
}

/**
 * Writes a small file atomically and at once, without the lock that has leftovers of a killed process swept:
 * for a directory that is itself temporary, and gets thousands of files.
 */
export function writeFileNow(path: string, content: Uint8Array): void {
  const temporary = temporaryName(path);
  try {
    writeInto(dirname(path), () => writeFileSync(temporary, content));
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw writeError(error, path);
  }
}

/** Creates the directory if it is missing. */
function writeInto(directory: string, write: () => void): void {
  try {
    write();
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
    mkdirSync(directory, { recursive: true });
    write();
  }
}

async function fill(path: string, content: Uint8Array | AsyncIterable<Uint8Array>): Promise<void> {
  await using file = await open(path, 'r+');
  await (content instanceof Uint8Array ? file.writeFile(content) : writePieces(file, content));
}

/** Appends the pieces to an open file. */
export async function writePieces(file: FileHandle, pieces: AsyncIterable<Uint8Array>): Promise<void> {
  for await (const piece of pieces) await file.writeFile(piece);
}

/** Maps an error met while writing `path` to ERR_DISK_FULL or ERR_IO; coded errors pass through. */
export function writeError(error: unknown, path: string): unknown {
  const errno = errnoOf(error);
  if (error instanceof TreeportError || errno === undefined) return error;
  if (errno === 'ENOSPC' || errno === 'EDQUOT') {
    return new TreeportError('ERR_DISK_FULL', `no space left to write ${path}`, { cause: error });
  }
  if (errno === 'EFBIG') {
    const message = `cannot write ${path}: the file system takes no files of this size (FAT: below 4 GiB); use another one, such as exFAT or ext4`;
    return new TreeportError('ERR_IO', message, { cause: error });
  }
  return new TreeportError('ERR_IO', `cannot write ${path}: ${systemReason(error)}`, { cause: error });
}
