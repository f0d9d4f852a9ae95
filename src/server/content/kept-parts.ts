/**
 * Where complete parts of virtual deltas are kept: in the cache, and where it cannot be written, in memory,
 * the last used up to {@link HELD_BYTES}.
 */
import type { Checksum } from '../../ostree/checksum.ts';
import { closePlainFile, type PlainFile } from '../http/plain-file.ts';
import { FileTags } from '../live/file-tags.ts';
import type { DiskCache } from './disk-cache.ts';
import type { GrowingPart } from './growing-part.ts';

/** The name of the cache's folder of parts, in place of an encoder's id. */
export const PARTS_FOLDER = 'delta-parts';

/** A few parts, even if they are not compressed. */
const HELD_BYTES = 24 * 1024 * 1024;

export class KeptParts {
  readonly cache: DiskCache | undefined;
  readonly #tags = new FileTags();
  /** Most recently used last. */
  readonly #held = new Map<Checksum, GrowingPart>();
  #heldBytes = 0;

  constructor(cache: DiskCache | undefined) {
    this.cache = cache;
  }

  /** The part, if it is kept; the caller closes a file. Files of other bytes are removed. */
  async find(checksum: Checksum): Promise<GrowingPart | PlainFile | undefined> {
    const held = this.#held.get(checksum);
    if (held !== undefined) {
      this.#held.delete(checksum);
      this.#held.set(checksum, held);
      return held;
    }
    const file = this.cache?.open(checksum);
    if (file === undefined) return undefined;
    const tag = await Promise.resolve(this.#tags.of(file)).catch(() => undefined);
    if (tag === checksum) return file;
    closePlainFile(file);
    this.cache?.drop(checksum);
    return undefined;
  }

  has(checksum: Checksum): boolean {
    return this.#held.has(checksum) || this.cache?.has(checksum) === true;
  }

  /** Keeps a part that is complete, and releases others. */
  async keep(checksum: Checksum, part: GrowingPart): Promise<void> {
    const { size } = part;
    await this.cache?.storePieces(checksum, part.pieces);
    const file = this.cache?.open(checksum);
    if (file !== undefined) {
      if (file.size === size) this.#tags.know(file, checksum);
      closePlainFile(file);
      return part.release();
    }
    this.#held.set(checksum, part);
    this.#heldBytes += part.size;
    for (const [oldest, other] of this.#held) {
      if (this.#heldBytes <= HELD_BYTES || oldest === checksum) return;
      this.#held.delete(oldest);
      this.#heldBytes -= other.size;
      other.release();
    }
  }

  close(): void {
    this.#held.clear();
    this.cache?.close();
  }
}
