/**
 * Opens, reads and streams the files of loose objects, with the errors that an ObjectSource promises. Never
 * follows symlinks: in bare repositories a symlink *is* the object, and no parent directory may be one.
 *
 * Short calls are synchronous: an object takes a handful of them, and a round trip through the libuv thread
 * pool costs ten times the call itself (docs/decisions/0020-synchronous-small-reads.md). Large files are
 * streamed asynchronously.
 */
import { closeSync, read as readCallback, readSync, type Stats } from 'node:fs';
import { promisify } from 'node:util';
import { isTreeportError, messageOf, TreeportError } from '../../base/errors.ts';
import { listBeneath, lstatBeneath, readLinkBeneath } from '../../base/list-beneath.ts';
import { type OpenedFile, openBeneath, openIfRegular, readAndClose } from '../../base/open-beneath.ts';
import { checkRange } from '../byte-range.ts';
import type { Checksum } from '../checksum.ts';
import type { FileHeader } from '../file-header.ts';
import { MAX_METADATA_BYTES } from '../limits.ts';
import { corruptObject } from '../object-fault.ts';
import { type LooseName, loosePath, parseLooseName } from '../object-name.ts';
import type { StoredObject } from '../object-source.ts';
import { noSuchObject, objectError } from './object-error.ts';

const read = promisify(readCallback);

const PIECE_BYTES = 256 * 1024;
/** Files up to this size are read in one call. */
export const SMALL_FILE_BYTES: number = 128 * 1024;

/** Of this thread, for files that are read in place: as many as are read at once. */
const idlePieces: Buffer[] = [];

export class LooseObjects {
  readonly repoPath: string;

  constructor(repoPath: string) {
    this.repoPath = repoPath;
  }

  path(checksum: Checksum, extension: string): string {
    return `${this.repoPath}/${loosePath(checksum, extension)}`;
  }

  async exists(checksum: Checksum, extension: string): Promise<boolean> {
    return this.#find(checksum, extension, lstatBeneath) !== undefined;
  }

  /** Of the file itself, also where it is a symlink. */
  async stat(checksum: Checksum, extension: string): Promise<Stats> {
    return this.#demand(checksum, extension, lstatBeneath);
  }

  /** The target of an object that is a symlink. */
  async readLink(checksum: Checksum, extension: string): Promise<Buffer> {
    return this.#demand(checksum, extension, readLinkBeneath);
  }

  /** The object's file, a regular one. */
  open(checksum: Checksum, extension: string): OpenedFile {
    return this.#demand(checksum, extension, openBeneath);
  }

  /** Like {@link open}, but 'irregular' for an object that is a symlink or no file at all. */
  openIfRegular(checksum: Checksum, extension: string): OpenedFile | 'irregular' {
    return this.#demand(checksum, extension, openIfRegular);
  }

  /** A whole file; only for metadata and other small files. */
  async read(checksum: Checksum, extension: string): Promise<Buffer> {
    const file = this.open(checksum, extension);
    const path = this.path(checksum, extension);
    try {
      return readAndClose(file, path, MAX_METADATA_BYTES);
    } catch (error) {
      throw objectError(error, `${checksum}.${extension}`, path);
    }
  }

  /**
   * The bytes of the object's file from `start` on, in pieces that the consumer may keep; or in `memory`, as
   * the stream of a ContentObject.
   */
  async *stream(checksum: Checksum, extension: string, start = 0, memory?: Buffer): AsyncGenerator<Buffer> {
    const { fd, stats } = this.open(checksum, extension);
    try {
      if (stats.size > SMALL_FILE_BYTES)
        yield* memory === undefined ? filePieces(fd, start) : piecesIn(memory, fd, start);
      else if (stats.size > start) yield readFrom(fd, start, stats.size, memory);
    } catch (error) {
      throw objectError(error, `${checksum}.${extension}`, this.path(checksum, extension));
    } finally {
      closeSync(fd);
    }
  }

  /** The bytes of the object's file from `start` on; each piece overwrites the one before. */
  *piecesInPlace(checksum: Checksum, extension: string, start = 0): Generator<Uint8Array> {
    const { fd } = this.open(checksum, extension);
    const memory = idlePieces.pop() ?? Buffer.allocUnsafeSlow(PIECE_BYTES);
    try {
      for (let position = start; ; ) {
        const length = readSync(fd, memory, 0, PIECE_BYTES, position);
        if (length === 0) return;
        yield memory.subarray(0, length);
        position += length;
      }
    } catch (error) {
      throw objectError(error, `${checksum}.${extension}`, this.path(checksum, extension));
    } finally {
      idlePieces.push(memory);
      closeSync(fd);
    }
  }

  /** A content object whose file `extension` holds its bytes as they are. */
  storedFile(checksum: Checksum, extension: string, header: FileHeader, size: number): StoredObject {
    return {
      header,
      size,
      stream: (memory) => this.stream(checksum, extension, 0, memory),
      bytes: (from, to) => {
        checkRange(from, to, size);
        return this.#range(checksum, extension, from, to);
      },
      readInPlace: async (take) => {
        for (const piece of this.piecesInPlace(checksum, extension)) take(piece);
      },
    };
  }

  /** ERR_OBJECT_CORRUPT if the file ends before `to`. */
  async *#range(checksum: Checksum, extension: string, from: number, to: number): AsyncGenerator<Buffer> {
    const { fd } = this.open(checksum, extension);
    let position = from;
    try {
      while (position < to) {
        const piece = Buffer.allocUnsafeSlow(Math.min(PIECE_BYTES, to - position));
        const { bytesRead } = await read(fd, piece, 0, piece.length, position);
        if (bytesRead === 0)
          throw corruptObject(`${checksum}.${extension}`, `it ends at byte ${position}, before byte ${to}`);
        yield piece.subarray(0, bytesRead);
        position += bytesRead;
      }
    } catch (error) {
      throw objectError(error, `${checksum}.${extension}`, this.path(checksum, extension));
    } finally {
      closeSync(fd);
    }
  }

  /** Every file below `objects/` that has an object's name. */
  async *list(): AsyncGenerator<LooseName> {
    for (let fan = 0; fan < 256; fan++) {
      const directory = fan.toString(16).padStart(2, '0');
      for (const name of this.#namesIn(directory)) {
        const parsed = parseLooseName(directory, name);
        if (parsed !== undefined) yield parsed;
      }
    }
  }

  #namesIn(directory: string): readonly string[] {
    try {
      return (listBeneath(this.repoPath, `objects/${directory}`) ?? []).map(({ name }) => name);
    } catch (error) {
      if (isTreeportError(error)) throw error;
      throw new TreeportError('ERR_IO', `cannot list objects/${directory}: ${messageOf(error)}`, {
        cause: error,
      });
    }
  }

  #find<T>(checksum: Checksum, extension: string, look: (root: string, path: string) => T): T {
    try {
      return look(this.repoPath, loosePath(checksum, extension));
    } catch (error) {
      throw objectError(error, `${checksum}.${extension}`, this.path(checksum, extension));
    }
  }

  #demand<T>(checksum: Checksum, extension: string, look: (root: string, path: string) => T | undefined): T {
    const found = this.#find(checksum, extension, look);
    if (found !== undefined) return found;
    throw noSuchObject(`${checksum}.${extension}`, this.path(checksum, extension));
  }
}

/** The bytes of a small file from `start` on. */
function readFrom(fd: number, start: number, size: number, memory?: Buffer): Buffer {
  const length = size - start;
  // Files below 4 KiB, which are most, share memory with their neighbours.
  const bytes =
    memory === undefined || memory.length < length ? Buffer.allocUnsafe(length) : memory.subarray(0, length);
  return bytes.subarray(0, readSync(fd, bytes, 0, bytes.length, start));
}

async function* filePieces(fd: number, start: number): AsyncGenerator<Buffer> {
  let position = start;
  for (;;) {
    const piece = Buffer.allocUnsafeSlow(PIECE_BYTES);
    const { bytesRead } = await read(fd, piece, 0, piece.length, position);
    if (bytesRead === 0) return;
    yield piece.subarray(0, bytesRead);
    position += bytesRead;
  }
}

async function* piecesIn(memory: Buffer, fd: number, start: number): AsyncGenerator<Buffer> {
  let position = start;
  let filled = 0;
  for (;;) {
    const { bytesRead } = await read(fd, memory, filled, memory.length - filled, position);
    if (bytesRead === 0) return;
    yield memory.subarray(filled, filled + bytesRead);
    position += bytesRead;
    filled = (filled + bytesRead) % memory.length;
  }
}
