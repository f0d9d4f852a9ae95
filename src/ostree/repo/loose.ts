/**
 * Files of loose objects: opening, reading and streaming them with the errors that an ObjectSource
 * promises. Symlinks are never followed: in bare repositories a symlink *is* the object.
 */
import { constants, type Stats } from 'node:fs';
import { type FileHandle, lstat, open, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { errnoOf, messageOf, TreeportError } from '../../base/errors.ts';
import type { Checksum } from '../checksum.ts';
import { type LooseName, loosePath, parseLooseName } from '../object-name.ts';

const PIECE_BYTES = 256 * 1024;

/** Turns a system error about the object `name` into the error an ObjectSource promises. */
export function objectError(error: unknown, name: string, path: string): TreeportError {
  if (error instanceof TreeportError) return error;
  const errno = errnoOf(error);
  if (errno === 'ENOENT' || errno === 'ENOTDIR') {
    return new TreeportError('ERR_OBJECT_MISSING', `object ${name} is missing: no file ${path}`, { cause: error });
  }
  return new TreeportError('ERR_OBJECT_UNREADABLE', `object ${name} cannot be read: ${messageOf(error)}`, { cause: error });
}

export class LooseObjects {
  readonly repoPath: string;

  constructor(repoPath: string) {
    this.repoPath = repoPath;
  }

  path(checksum: Checksum, extension: string): string {
    return join(this.repoPath, loosePath(checksum, extension));
  }

  async exists(checksum: Checksum, extension: string): Promise<boolean> {
    try {
      await lstat(this.path(checksum, extension));
      return true;
    } catch (error) {
      if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR') return false;
      throw objectError(error, `${checksum}.${extension}`, this.path(checksum, extension));
    }
  }

  async stat(checksum: Checksum, extension: string): Promise<Stats> {
    const path = this.path(checksum, extension);
    return lstat(path).catch((error) => {
      throw objectError(error, `${checksum}.${extension}`, path);
    });
  }

  async read(checksum: Checksum, extension: string): Promise<Buffer> {
    const path = this.path(checksum, extension);
    try {
      return await readFile(path, { flag: constants.O_RDONLY | constants.O_NOFOLLOW });
    } catch (error) {
      throw objectError(error, `${checksum}.${extension}`, path);
    }
  }

  /** The bytes of the object's file from `start` on, in pieces that the consumer may keep. */
  async *stream(checksum: Checksum, extension: string, start = 0): AsyncGenerator<Buffer> {
    const path = this.path(checksum, extension);
    let file: FileHandle | undefined;
    try {
      file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
      const left = (await file.stat()).size - start;
      yield* filePieces(file, start, left);
    } catch (error) {
      throw objectError(error, `${checksum}.${extension}`, path);
    } finally {
      await file?.close();
    }
  }

  /** Every file below `objects/` that has an object's name. */
  async *list(): AsyncGenerator<LooseName> {
    for (let fan = 0; fan < 256; fan++) {
      const directory = fan.toString(16).padStart(2, '0');
      const names = await readdir(join(this.repoPath, 'objects', directory)).catch((error) => {
        if (errnoOf(error) === 'ENOENT') return [];
        throw new TreeportError('ERR_IO', `cannot list objects/${directory}: ${messageOf(error)}`, { cause: error });
      });
      for (const name of names) {
        const parsed = parseLooseName(directory, name);
        if (parsed !== undefined) yield parsed;
      }
    }
  }
}

/** Reads from `start`; the last read asks for one byte more than is left, so that no extra read finds the end. */
async function* filePieces(file: FileHandle, start: number, left: number): AsyncGenerator<Buffer> {
  let position = start;
  let expected = left;
  for (;;) {
    const piece = Buffer.allocUnsafe(Math.min(PIECE_BYTES, Math.max(expected, 0) + 1));
    const { bytesRead } = await file.read(piece, 0, piece.length, position);
    if (bytesRead > 0) yield piece.subarray(0, bytesRead);
    position += bytesRead;
    expected -= bytesRead;
    if (bytesRead === 0 || (expected <= 0 && bytesRead < piece.length)) return;
  }
}
