/**
 * The files of small objects, kept in memory, so that sending one again takes a single system call: an lstat
 * that shows the file to be the same. The files stay the source of truth: one that was replaced, changed or
 * removed since is read again.
 *
 * Bounded. Pulls read every file once, in much the same order, so a memory of the most recent files would
 * hold none of them when the next pull comes. A full memory therefore stays as it is, but for every
 * {@link ADMITTED}th file, which takes the place of the oldest.
 */
import { lstatSync, type Stats } from 'node:fs';
import { openPlainFile, type PlainFile } from './plain-file.ts';

/** Larger files gain little: sending them takes longer than opening them. */
export const REMEMBERED_FILE_BYTES = 4096;
const MAX_BYTES = 24 * 1024 * 1024;
/** What an entry takes besides the content, roughly. */
const ENTRY_BYTES = 1280;
/** One in so many files enters a full memory. */
const ADMITTED = 16;
const IF_THERE = { throwIfNoEntry: false } as const;

export class FileMemory {
  readonly #maxBytes: number;
  readonly #files = new Map<string, PlainFile>();
  #bytes = 0;
  #refused = 0;

  constructor(maxBytes: number = MAX_BYTES) {
    this.#maxBytes = maxBytes;
  }

  /** Memory taken, in bytes; an estimate. */
  get bytes(): number {
    return this.#bytes;
  }

  /** The file as it was read, if it is still the same. */
  get(path: string): PlainFile | undefined {
    const file = this.#files.get(path);
    if (file === undefined) return undefined;
    if (isSame(file, statOf(path))) return file;
    this.#forget(path, file);
    return undefined;
  }

  /** Keeps a file that has just been read, if it is small. */
  keep(path: string, file: PlainFile): void {
    if (file.size > REMEMBERED_FILE_BYTES || typeof file.content === 'number') return;
    const former = this.#files.get(path);
    if (former !== undefined) this.#forget(path, former);
    if (!this.#hasRoom(costOf(file))) return;
    this.#files.set(path, file);
    this.#bytes += costOf(file);
  }

  /** Makes room for some of the files that do not fit. */
  #hasRoom(bytes: number): boolean {
    if (this.#bytes + bytes <= this.#maxBytes) return true;
    this.#refused = (this.#refused + 1) % ADMITTED;
    if (this.#refused !== 0) return false;
    for (const [oldest, file] of this.#files) {
      this.#forget(oldest, file);
      if (this.#bytes + bytes <= this.#maxBytes) return true;
    }
    return false;
  }

  #forget(path: string, file: PlainFile): void {
    this.#files.delete(path);
    this.#bytes -= costOf(file);
  }
}

/** The one instance of this process. */
const fileMemory: FileMemory = new FileMemory();

/**
 * Like `openPlainFile`, for the file of an object, which may be replaced but is not written in place. A small
 * file that has not changed since an earlier call is the PlainFile of that call.
 */
export function openObjectFile(root: string, path: string): PlainFile | undefined {
  const full = `${root}/${path}`;
  const known = fileMemory.get(full);
  if (known !== undefined) return known;
  const file = openPlainFile(root, path);
  if (file !== undefined) fileMemory.keep(full, file);
  return file;
}

function costOf({ size }: PlainFile): number {
  return size + ENTRY_BYTES;
}

/** Undefined also where lstat fails: opening the file gives the error. */
function statOf(path: string): Stats | undefined {
  try {
    return lstatSync(path, IF_THERE);
  } catch {
    return undefined;
  }
}

function isSame(file: PlainFile, stats: Stats | undefined): boolean {
  return (
    stats !== undefined &&
    stats.ino === file.inode &&
    stats.size === file.size &&
    stats.mtimeMs === file.modified &&
    stats.ctimeMs === file.changed &&
    stats.dev === file.device
  );
}
