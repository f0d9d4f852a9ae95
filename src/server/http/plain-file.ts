/**
 * Files that are sent unchanged from disk. Small files are read whole and synchronously, like objects
 * everywhere in treeport (see ostree/repo/loose.ts); large files are streamed.
 */
import { close, closeSync, read, readSync } from 'node:fs';
import { freeNow } from '../../base/bytes.ts';
import { type BeneathOptions, type OpenedFile, openBeneath, readStart } from '../../base/open-beneath.ts';
import { answerMemory } from './answer-memory.ts';
import { PacedStream, PIECE_BYTES } from './piece-stream.ts';
import type { ByteRange } from './ranges.ts';

const SMALL_FILE_BYTES = 256 * 1024;
const OLDEST_HONEST_DATE = Date.UTC(1990);

export type PlainFile = {
  readonly size: number;
  readonly inode: number;
  readonly device: number;
  /** Milliseconds since 1970. */
  readonly modified: number;
  /** ctime in milliseconds since 1970, which programs cannot set. */
  readonly changed: number;
  /** The whole content of a small file, or the open descriptor of a large one, which the caller closes. */
  readonly content: Buffer | number;
};

/**
 * Opens the regular file `path` beneath the directory `root`. Undefined if it does not exist; ERR_FILE_UNSAFE
 * if it is not a regular file or a link leads out of `root`; other faults are the system's errors.
 */
export function openPlainFile(root: string, path: string, options?: BeneathOptions): PlainFile | undefined {
  const file = openBeneath(root, path, options);
  return file === undefined ? undefined : plainFile(file);
}

/** Up to this size a file is read whole, less if much memory is held by answers already. */
export function smallFileBytes(): number {
  return answerMemory.isFull ? PIECE_BYTES : SMALL_FILE_BYTES;
}

function plainFile({ fd, stats }: OpenedFile): PlainFile {
  const { size, ino: inode, dev: device, mtimeMs: modified, ctimeMs: changed } = stats;
  if (size > smallFileBytes()) return { size, inode, device, modified, changed, content: fd };
  try {
    const content = readStart(fd, size);
    return { size: content.length, inode, device, modified, changed, content };
  } finally {
    closeSync(fd);
  }
}

/**
 * The modification time, unless it is a placeholder: reproducible images stamp every file with a time near
 * 1970 or 1980, and a client that compares dates must not mistake a new file for the old one.
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

/** Closes a file that is not sent after all. */
export function closePlainFile(file: PlainFile): void {
  if (typeof file.content === 'number') closeSync(file.content);
}

/**
 * Streams a range of a large file and closes the file. The stream fails if the file is truncated meanwhile,
 * because the length is announced.
 */
export function streamPlainFile(descriptor: number, range: ByteRange): FileStream {
  return new FileStream(descriptor, range);
}

/** The same without closing the file, which others read as well. */
export function streamSharedFile(descriptor: number, range: ByteRange): FileStream {
  return new FileStream(descriptor, range, { isShared: true });
}

/** Reads the next piece when the socket has taken the previous one. */
export class FileStream extends PacedStream {
  readonly #descriptor: number;
  readonly #end: number;
  readonly #isShared: boolean;
  #position: number;
  #isReading = false;
  #memory: Buffer | undefined;

  constructor(descriptor: number, { from, to }: ByteRange, { isShared = false } = {}) {
    super();
    this.#descriptor = descriptor;
    this.#isShared = isShared;
    this.#position = from;
    this.#end = to;
  }

  override _read(): void {
    const left = this.#end - this.#position;
    if (left === 0) {
      // The consumer is done with the last piece.
      if (this.#memory !== undefined) freeNow(this.#memory);
      this.push(null);
      return;
    }
    const piece = this.#memoryFor(Math.min(PIECE_BYTES, left));
    this.#isReading = true;
    read(this.#descriptor, piece, 0, piece.length, this.#position, (error, bytesRead) => {
      this.#isReading = false;
      if (this.destroyed) this.#close();
      else if (error !== null) this.destroy(error);
      else if (bytesRead === 0)
        this.destroy(new Error(`the file ended after ${this.#position} of ${this.#end} bytes`));
      else {
        this.#position += bytesRead;
        this.push(piece.subarray(0, bytesRead));
      }
    });
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    // A descriptor closed during a read may be reused for another file before the read runs.
    if (!this.#isReading) this.#close();
    done(error);
  }

  #memoryFor(length: number): Buffer {
    if (this.#memory !== undefined) return this.#memory.subarray(0, length);
    const memory = Buffer.allocUnsafeSlow(length);
    if (this.reusesMemory) this.#memory = memory;
    return memory;
  }

  #close(): void {
    if (!this.#isShared) close(this.#descriptor, () => {});
  }
}
