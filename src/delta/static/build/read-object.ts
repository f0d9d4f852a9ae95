/** Reads objects whole and verifies them, because a repository may change while a delta of it is made. */
import { copyPieces, freeNow } from '../../../base/bytes.ts';
import type { Checksum } from '../../../ostree/checksum.ts';
import type { FileHeader } from '../../../ostree/file-header.ts';
import type { ObjectSource } from '../../../ostree/object-source.ts';
import { fileDigest, requireFileDigest } from '../../../ostree/verify.ts';

export type WholeFile = {
  readonly header: FileHeader;
  /** Empty for a symlink. */
  readonly bytes: Buffer;
};

/**
 * `memoryFor` gives the memory to read it into, of `size` bytes. ERR_OBJECT_MISSING, ERR_OBJECT_UNREADABLE,
 * ERR_OBJECT_CORRUPT.
 */
export async function readWholeFile(
  source: Pick<ObjectSource, 'content'>,
  checksum: Checksum,
  memoryFor: (size: number) => Buffer,
): Promise<WholeFile> {
  const { header, size, stream } = await source.content(checksum);
  const bytes = memoryFor(size);
  // Sources fill memory that they are given, and would never fill none.
  if (size > 0) await copyPieces(stream(bytes), bytes);
  requireFileDigest(fileDigest(header).update(bytes), checksum);
  return { header, bytes };
}

/** Memory that files are read into, one after another: it grows to that of the largest. */
export class ReadMemory {
  #bytes = Buffer.allocUnsafeSlow(0);

  /** Valid until the next call. */
  take(size: number): Buffer {
    if (size > this.#bytes.length) {
      freeNow(this.#bytes);
      this.#bytes = Buffer.allocUnsafeSlow(size);
    }
    return this.#bytes.subarray(0, size);
  }

  free(): void {
    freeNow(this.#bytes);
    this.#bytes = Buffer.allocUnsafeSlow(0);
  }
}
