/**
 * Files of loose objects: opening, reading and streaming them with the errors that an ObjectSource
 * promises. Symlinks are never followed: in bare repositories a symlink *is* the object.
 *
 * Calls that take microseconds are made synchronously: an object is a handful of them, and the way over
 * Node's thread pool costs ten times the call itself (docs/decisions/0020-synchronous-small-reads.md).
 * Large files are streamed asynchronously.
 */
import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readFileSync,
  readSync,
  type Stats,
} from 'node:fs';
import { type FileHandle, open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { errnoOf, isTreeportError, messageOf, TreeportError } from '../../base/errors.ts';
import type { Checksum } from '../checksum.ts';
import { type LooseName, loosePath, parseLooseName } from '../object-name.ts';

const PIECE_BYTES = 256 * 1024;
/** Files up to this size are read at once. */
export const SMALL_FILE_BYTES: number = 128 * 1024;

/** O_NONBLOCK, because opening a FIFO would otherwise wait for its other end. */
export const OPEN_FLAGS: number = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
/** The limit that libostree's clients have for metadata objects, since 2023.4. */
const MAX_METADATA_BYTES = 128 * 1024 * 1024;

/** Turns an error met on reading the object `name` into the one that an ObjectSource promises. */
export function objectError(error: unknown, name: string, path: string): TreeportError {
  if (isTreeportError(error, 'ERR_VARIANT')) {
    return new TreeportError('ERR_OBJECT_CORRUPT', `object ${name} is corrupt: ${error.message}`, {
      cause: error,
    });
  }
  if (isTreeportError(error)) return error;
  const errno = errnoOf(error);
  if (errno === 'ENOENT' || errno === 'ENOTDIR') {
    return new TreeportError('ERR_OBJECT_MISSING', `object ${name} is missing: no file ${path}`, {
      cause: error,
    });
  }
  return new TreeportError('ERR_OBJECT_UNREADABLE', `object ${name} cannot be read: ${messageOf(error)}`, {
    cause: error,
  });
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
      lstatSync(this.path(checksum, extension));
      return true;
    } catch (error) {
      if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR') return false;
      throw objectError(error, `${checksum}.${extension}`, this.path(checksum, extension));
    }
  }

  async stat(checksum: Checksum, extension: string): Promise<Stats> {
    const path = this.path(checksum, extension);
    try {
      return lstatSync(path);
    } catch (error) {
      throw objectError(error, `${checksum}.${extension}`, path);
    }
  }

  /** A whole file; only for metadata and the like, which is small. */
  async read(checksum: Checksum, extension: string): Promise<Buffer> {
    const path = this.path(checksum, extension);
    try {
      return readWhole(path, `${checksum}.${extension}`);
    } catch (error) {
      throw objectError(error, `${checksum}.${extension}`, path);
    }
  }

  /** The bytes of the object's file from `start` on, in pieces that the consumer may keep. */
  async *stream(checksum: Checksum, extension: string, start = 0): AsyncGenerator<Buffer> {
    const path = this.path(checksum, extension);
    let file: FileHandle | undefined;
    try {
      const small = readSmall(path, start);
      if (small !== undefined) {
        if (small.length > 0) yield small;
        return;
      }
      file = await open(path, OPEN_FLAGS);
      yield* filePieces(file, start);
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
        throw new TreeportError('ERR_IO', `cannot list objects/${directory}: ${messageOf(error)}`, {
          cause: error,
        });
      });
      for (const name of names) {
        const parsed = parseLooseName(directory, name);
        if (parsed !== undefined) yield parsed;
      }
    }
  }
}

function readWhole(path: string, name: string): Buffer {
  const file = openSync(path, OPEN_FLAGS);
  try {
    const { size } = fstatSync(file);
    if (size > MAX_METADATA_BYTES) {
      throw new TreeportError('ERR_OBJECT_CORRUPT', `object ${name} is corrupt: it has ${size} bytes`);
    }
    return readFileSync(file);
  } finally {
    closeSync(file);
  }
}

/** The bytes of a small file from `start` on; undefined if it is a large one. */
function readSmall(path: string, start: number): Buffer | undefined {
  const file = openSync(path, OPEN_FLAGS);
  try {
    const size = fstatSync(file).size;
    if (size > SMALL_FILE_BYTES) return undefined;
    const bytes = Buffer.allocUnsafeSlow(Math.max(size - start, 0));
    return bytes.subarray(0, readSync(file, bytes, 0, bytes.length, start));
  } finally {
    closeSync(file);
  }
}

async function* filePieces(file: FileHandle, start: number): AsyncGenerator<Buffer> {
  let position = start;
  for (;;) {
    const piece = Buffer.allocUnsafeSlow(PIECE_BYTES);
    const { bytesRead } = await file.read(piece, 0, piece.length, position);
    if (bytesRead === 0) return;
    yield piece.subarray(0, bytesRead);
    position += bytesRead;
  }
}
