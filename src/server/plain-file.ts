/**
 * Files that are sent as they lie on disk. Small ones are read at once and synchronously, as objects are
 * everywhere in treeport (see ostree/repo/loose.ts); large ones are streamed.
 */
import {
  closeSync,
  constants,
  createReadStream,
  fstatSync,
  lstatSync,
  openSync,
  readSync,
  statSync,
} from 'node:fs';
import type { Readable } from 'node:stream';
import { errnoOf } from '../base/errors.ts';

const SMALL_FILE_BYTES = 256 * 1024;
const PIECE_BYTES = 256 * 1024;
/** O_NONBLOCK, so that a FIFO under an object's name cannot block the server. */
const FLAGS = constants.O_RDONLY | constants.O_NONBLOCK;
const OLDEST_HONEST_DATE = Date.UTC(1990);
const ABSENT: readonly (string | undefined)[] = ['ENOENT', 'ENOTDIR', 'ELOOP', 'ENAMETOOLONG'];

export type PlainFile = {
  readonly size: number;
  /** Milliseconds since 1970. */
  readonly modified: number;
  /** The whole content of a small file, or the open descriptor of a large one, which the receiver closes. */
  readonly content: Buffer | number;
};

export type PlainFileOptions = {
  /** Whether the name may be a symlink; objects never are. */
  readonly followSymlink?: boolean;
  /** An absent file is an exception then, which costs more than looking first; one that is there costs less. */
  readonly isProbablyThere?: boolean;
};

/** Opens a regular file; undefined if there is none under this name. Other faults are the system's errors. */
export function openPlainFile(
  path: string,
  { followSymlink = false, isProbablyThere = false }: PlainFileOptions = {},
): PlainFile | undefined {
  try {
    const look = followSymlink ? statSync : lstatSync;
    if (!isProbablyThere && !look(path, { throwIfNoEntry: false })?.isFile()) return undefined;
    return openExisting(path, followSymlink ? FLAGS : FLAGS | constants.O_NOFOLLOW);
  } catch (error) {
    if (ABSENT.includes(errnoOf(error))) return undefined;
    throw error;
  }
}

function openExisting(path: string, flags: number): PlainFile | undefined {
  const file = openSync(path, flags);
  let content: Buffer | number = file;
  try {
    const stats = fstatSync(file);
    if (!stats.isFile()) {
      closeSync(file);
      return undefined;
    }
    if (stats.size <= SMALL_FILE_BYTES) content = readWhole(file, stats.size);
    const size = typeof content === 'number' ? stats.size : content.length;
    if (content !== file) closeSync(file);
    return { size, modified: stats.mtimeMs, content };
  } catch (error) {
    closeSync(file);
    throw error;
  }
}

function readWhole(file: number, size: number): Buffer {
  const bytes = Buffer.allocUnsafeSlow(size);
  return bytes.subarray(0, readSync(file, bytes, 0, size, 0));
}

/**
 * The modification time where it says something: reproducible images give every file the same stamp near
 * 1970 or 1980, and a client that compares dates must not take a new file for the old one.
 */
export function honestDate(modified: number): number | undefined {
  return modified > OLDEST_HONEST_DATE ? modified : undefined;
}

/** The first bytes of a file, a few hundred at most. */
export function fileStart({ content }: PlainFile): Buffer {
  if (typeof content !== 'number') return content;
  const start = Buffer.alloc(256);
  return start.subarray(0, readSync(content, start, 0, start.length, 0));
}

/** Lets go of a file that is not sent after all. */
export function closePlainFile(file: PlainFile): void {
  if (typeof file.content === 'number') closeSync(file.content);
}

/**
 * Streams a large file and closes it. A file that has become shorter meanwhile is an error of the stream: the
 * announced length cannot be kept.
 */
export function streamPlainFile(descriptor: number, size: number): Readable {
  const stream = createReadStream('', {
    fd: descriptor,
    start: 0,
    end: size - 1,
    highWaterMark: PIECE_BYTES,
  });
  stream.once('end', () => {
    if (stream.bytesRead < size)
      stream.destroy(new Error(`file ended after ${stream.bytesRead} of ${size} bytes`));
  });
  return stream;
}
