/**
 * Reads catalogues: the list of content objects with their sizes and headers as committed.
 *
 * Opening reads only the first 16 KiB; a lookup takes one or two small positional reads.
 * Reads are synchronous, like all small reads of objects (ostree/repo/loose.ts). The catalogue is not
 * trusted: code that serves an object verifies its bytes against its id.
 */
import { closeSync, readSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { isTreeportError, messageOf, TreeportError } from '../base/errors.ts';
import { type OpenedFile, openBeneath } from '../base/open-beneath.ts';
import { CHECKSUM_BYTES, type Checksum, checksumFromBytes, checksumToBytes } from '../ostree/checksum.ts';
import {
  archiveHeaderLength,
  type FileHeader,
  isSymlink,
  parseArchiveHeader,
} from '../ostree/file-header.ts';
import * as layout from './catalogue-layout.ts';
import { ENTRY_BYTES, FIRST_AT, findEntry, SECOND_AT } from './id-index.ts';

export type CatalogueEntry = {
  readonly checksum: Checksum;
  readonly header: FileHeader;
  /** File bytes; 0 for a symlink. */
  readonly size: number;
};

const WORLD_READABLE = 0o004;

/**
 * True for a non-empty regular file that not everyone may read. The server has no privileges, so the
 * published repo has a ready `.filez` of it.
 */
export function needsReadyFile({ header, size }: Pick<CatalogueEntry, 'header' | 'size'>): boolean {
  return !isSymlink(header) && size > 0 && (header.mode & WORLD_READABLE) === 0;
}

/** Number of entries to read at once when listing. */
const LIST_ENTRIES = 1024;
/** Length of the first read of a header; nearly all headers are shorter. */
const HEADER_BYTES = 512;
/**
 * Headers of regular files are few and shared, so they are cached; those of symlinks are unique and not
 * cached.
 */
const MAX_CACHED_HEADERS = 4096;

export class Catalogue {
  readonly path: string;
  readonly index: layout.CatalogueIndex;
  readonly #file: number;
  readonly #headers = new Map<number, FileHeader>();

  private constructor(path: string, file: number, index: layout.CatalogueIndex) {
    this.path = path;
    this.#file = file;
    this.index = index;
  }

  /** Opens a catalogue; ERR_CATALOGUE if it is damaged, ERR_IO or ERR_FILE_UNSAFE if it cannot be read. */
  static open(path: string): Catalogue {
    const { fd: file, stats } = openFile(path);
    try {
      const bytes = Buffer.alloc(layout.HEADERS_AT);
      const length = readSync(file, bytes, 0, bytes.length, 0);
      return new Catalogue(path, file, layout.decodeIndex(bytes.subarray(0, length), stats.size, path));
    } catch (error) {
      closeSync(file);
      throw error;
    }
  }

  close(): void {
    closeSync(this.#file);
  }

  has(checksum: Checksum): boolean {
    return this.#find(checksumToBytes(checksum)) !== undefined;
  }

  get(checksum: Checksum): CatalogueEntry | undefined {
    const found = this.#find(checksumToBytes(checksum));
    return found === undefined ? undefined : this.#decode(found, 0);
  }

  /** The ids in ascending order. */
  *checksums(): Generator<Checksum> {
    for (let first = 0; first < this.index.count; first += LIST_ENTRIES) {
      const entries = this.#readEntries(first, Math.min(LIST_ENTRIES, this.index.count - first));
      for (let at = 0; at < entries.length; at += ENTRY_BYTES) {
        yield checksumFromBytes(entries.subarray(at, at + CHECKSUM_BYTES), this.path);
      }
    }
  }

  /** The bytes of the entry of an id. */
  #find(id: Buffer): Buffer | undefined {
    return findEntry(this.index.fanOut, id, (first, count) => this.#readEntries(first, count));
  }

  #decode(entries: Buffer, at: number): CatalogueEntry {
    const checksum = checksumFromBytes(entries.subarray(at, at + CHECKSUM_BYTES), this.path);
    const size = Number(entries.readBigUInt64BE(at + FIRST_AT));
    const header = this.#header(Number(entries.readBigUInt64BE(at + SECOND_AT)));
    if (size > Number.MAX_SAFE_INTEGER || (size > 0 && isSymlink(header))) {
      throw layout.catalogueFault(this.path, `${checksum} cannot have ${size} bytes`);
    }
    return { checksum, header, size };
  }

  #header(offset: number): FileHeader {
    const known = this.#headers.get(offset);
    if (known !== undefined) return known;
    if (offset < layout.HEADERS_AT || offset >= this.index.entriesAt) {
      throw layout.catalogueFault(this.path, `an entry points to a header at ${offset}`);
    }
    const header = this.#parseHeader(offset);
    if (!isSymlink(header) && this.#headers.size < MAX_CACHED_HEADERS) this.#headers.set(offset, header);
    return header;
  }

  #parseHeader(offset: number): FileHeader {
    const room = this.index.entriesAt - offset;
    const where = `the header at ${offset}`;
    try {
      const start = this.#read(offset, Math.min(HEADER_BYTES, room));
      const length = Math.min(archiveHeaderLength(start, where), room);
      return parseArchiveHeader(length <= start.length ? start : this.#read(offset, length), where).header;
    } catch (error) {
      if (!(error instanceof TreeportError)) throw error;
      throw layout.catalogueFault(this.path, messageOf(error), error);
    }
  }

  #readEntries(first: number, count: number): Buffer {
    return this.#read(this.index.entriesAt + first * ENTRY_BYTES, count * ENTRY_BYTES);
  }

  #read(offset: number, length: number): Buffer {
    const bytes = Buffer.allocUnsafeSlow(length);
    if (readSync(this.#file, bytes, 0, length, offset) === length) return bytes;
    throw layout.catalogueFault(this.path, `it ends within ${length} bytes at ${offset}`);
  }
}

/** The directory is a published repo, or one that is being written. */
function openFile(path: string): OpenedFile {
  try {
    const file = openBeneath(dirname(path), basename(path));
    if (file !== undefined) return file;
  } catch (error) {
    if (isTreeportError(error)) throw error;
    throw cannotOpen(path, messageOf(error), error);
  }
  throw cannotOpen(path, 'no such file');
}

function cannotOpen(path: string, why: string, cause?: unknown): TreeportError {
  return new TreeportError('ERR_IO', `cannot open the catalogue ${path}: ${why}`, { cause });
}
