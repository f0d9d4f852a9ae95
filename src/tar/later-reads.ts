/**
 * Files that are opened by the thread that lays a tar stream out, and read by the thread that verifies it,
 * right into the pieces: their bytes are hashed where they are still in the processor's cache, and both
 * threads have as much to do.
 */
import type { Checksum } from '../ostree/checksum.ts';
import type { OpenedContent } from '../ostree/object-source.ts';

/** An object whose bytes are read from this descriptor, from where it stands. */
export type LaterRead = { readonly fd: number; readonly checksum: Checksum };

/** Smaller files are read at once: to send the descriptor takes as long. */
const LEAST_BYTES = 32 * 1024;
/** The files of all pieces in flight are open; a process may have as few as 256 descriptors. */
const MOST_OPEN = 100;

export class LaterReads {
  readonly #open = new Map<number, OpenedContent>();

  /** Takes over a file that is read later, and closes it; undefined if the caller has to read it. */
  takeOver(checksum: Checksum, opened: OpenedContent): LaterRead | undefined {
    const { fd, size } = opened;
    if (fd === undefined || size < LEAST_BYTES || this.#open.size >= MOST_OPEN) return undefined;
    this.#open.set(fd, opened);
    return { fd, checksum };
  }

  /** Closes files that were read to their ends. */
  close(descriptors: readonly number[]): void {
    for (const fd of descriptors) {
      this.#open.get(fd)?.close();
      this.#open.delete(fd);
    }
  }

  /** When nothing reads any more. */
  closeAll(): void {
    this.close([...this.#open.keys()]);
  }
}
