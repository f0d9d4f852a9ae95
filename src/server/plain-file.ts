/**
 * Files that are sent as they lie on disk. Small ones are read at once and synchronously, as objects are
 * everywhere in treeport (see ostree/repo/loose.ts); large ones are streamed.
 */
import { closeSync, createReadStream, readSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { type BeneathOptions, type OpenedFile, openBeneath, readStart } from '../base/open-beneath.ts';

const SMALL_FILE_BYTES = 256 * 1024;
const PIECE_BYTES = 256 * 1024;
const OLDEST_HONEST_DATE = Date.UTC(1990);

export type PlainFile = {
  readonly size: number;
  /** Milliseconds since 1970. */
  readonly modified: number;
  /** The whole content of a small file, or the open descriptor of a large one, which the receiver closes. */
  readonly content: Buffer | number;
};

/**
 * Opens the regular file `path` beneath the directory `root`. Undefined if there is nothing under this name; ERR_FILE_UNSAFE
 * if something else is, or a link leads out; other faults are the system's errors.
 */
export function openPlainFile(root: string, path: string, options?: BeneathOptions): PlainFile | undefined {
  const file = openBeneath(root, path, options);
  return file === undefined ? undefined : plainFile(file);
}

function plainFile({ fd, stats }: OpenedFile): PlainFile {
  const { size, mtimeMs: modified } = stats;
  if (size > SMALL_FILE_BYTES) return { size, modified, content: fd };
  try {
    const content = readStart(fd, size);
    return { size: content.length, modified, content };
  } finally {
    closeSync(fd);
  }
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
