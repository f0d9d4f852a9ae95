/**
 * Files that appear under their name only when they are complete: written to a temporary name beside it,
 * then renamed.
 */
import { randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import { type FileHandle, mkdir, open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { onEarlyExit } from './cleanup.ts';
import { errnoOf, messageOf, TreeportError } from './errors.ts';

/** A name beside `path` that nothing else uses. */
export function temporaryName(path: string): string {
  return join(dirname(path), `.${basename(path)}.${process.pid}-${randomBytes(6).toString('hex')}.tmp`);
}

/** Writes the bytes as the file `path`, replacing what was there at once. Makes missing directories. */
export async function writeFileAtomic(
  path: string,
  content: Uint8Array | AsyncIterable<Uint8Array>,
  mode = 0o644,
): Promise<void> {
  await mkdir(dirname(path), { recursive: true }).catch((error) => {
    throw writeError(error, path);
  });
  const temporary = temporaryName(path);
  const unregister = onEarlyExit(() => rmSync(temporary, { force: true }));
  let file: FileHandle | undefined;
  try {
    file = await open(temporary, 'wx', mode);
    await (content instanceof Uint8Array ? file.writeFile(content) : writePieces(file, content));
    await file.close();
    file = undefined;
    await rename(temporary, path);
  } catch (error) {
    await file?.close();
    await rm(temporary, { force: true });
    throw writeError(error, path);
  } finally {
    unregister();
  }
}

/** Appends the pieces to an open file. */
export async function writePieces(file: FileHandle, pieces: AsyncIterable<Uint8Array>): Promise<void> {
  for await (const piece of pieces) await file.writeFile(piece);
}

/** What a failed write of `path` is called; coded errors pass. */
export function writeError(error: unknown, path: string): unknown {
  const errno = errnoOf(error);
  if (error instanceof TreeportError || errno === undefined) return error;
  if (errno === 'ENOSPC' || errno === 'EDQUOT') {
    return new TreeportError('ERR_DISK_FULL', `no space left to write ${path}`, { cause: error });
  }
  return new TreeportError('ERR_IO', `cannot write ${path}: ${messageOf(error)}`, { cause: error });
}
