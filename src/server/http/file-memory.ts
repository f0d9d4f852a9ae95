/**
 * The files of small objects, kept in memory, so that sending one again takes a single system call: an lstat
 * that shows the file to be the same. The files stay the source of truth: one that was replaced, changed or
 * removed since is read again. Bounded (small-memory.ts).
 */
import { lstatSync, type Stats } from 'node:fs';
import { openPlainFile, type PlainFile } from './plain-file.ts';
import { SmallMemory } from './small-memory.ts';

/** Larger files gain little: sending them takes longer than opening them. */
export const REMEMBERED_FILE_BYTES = 4096;
const MAX_BYTES = 24 * 1024 * 1024;
const IF_THERE = { throwIfNoEntry: false } as const;

export class FileMemory {
  readonly #files: SmallMemory<PlainFile>;

  constructor(maxBytes: number = MAX_BYTES) {
    this.#files = new SmallMemory(({ size }) => size, maxBytes);
  }

  /** Memory taken, in bytes; an estimate. */
  get bytes(): number {
    return this.#files.bytes;
  }

  /** The file as it was read, if it is still the same. */
  get(path: string): PlainFile | undefined {
    const file = this.#files.get(path);
    if (file === undefined) return undefined;
    if (isSame(file, statOf(path))) return file;
    this.#files.forget(path);
    return undefined;
  }

  /** Keeps a file that has just been read, if it is small. */
  keep(path: string, file: PlainFile): void {
    if (file.size <= REMEMBERED_FILE_BYTES && typeof file.content !== 'number') this.#files.keep(path, file);
  }
}

/** The one instance of this process. */
const fileMemory: FileMemory = new FileMemory();

/**
 * Like `openPlainFile`, for the file of an object, which may be replaced but is not written in place. A small
 * file that has not changed since an earlier call is the PlainFile of that call.
 */
export function openObjectFile(root: string, path: string): PlainFile | undefined {
  const known = rememberedObjectFile(root, path);
  if (known !== undefined) return known;
  const file = openPlainFile(root, path);
  if (file !== undefined) fileMemory.keep(`${root}/${path}`, file);
  return file;
}

/** The file that {@link openObjectFile} would return, if it is in memory. */
export function rememberedObjectFile(root: string, path: string): PlainFile | undefined {
  return fileMemory.get(`${root}/${path}`);
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
