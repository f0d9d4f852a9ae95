/**
 * The files of the old commit that a part is made from. They stay in memory, up to a limit, until the part is
 * checked, so that most are read and verified once.
 */
import { freeNow } from '../../../base/bytes.ts';
import type { Checksum } from '../../../ostree/checksum.ts';
import { type ObjectSource, type StoredObject, storedBytes } from '../../../ostree/object-source.ts';
import { ReadMemory, readWholeFile, type WholeFile } from './read-object.ts';

/** As much as the sources of a part usually have. */
const KEPT_BYTES = 32_000_000;

export class KeptSources {
  readonly #objects: Pick<ObjectSource, 'content'>;
  readonly #files = new Map<Checksum, WholeFile>();
  readonly #memory = new ReadMemory();
  #bytes = 0;

  constructor(objects: Pick<ObjectSource, 'content'>) {
    this.#objects = objects;
  }

  /** One that is not kept lasts until the next call. The errors of {@link readWholeFile}. */
  async read(checksum: Checksum): Promise<WholeFile> {
    const known = this.#files.get(checksum);
    if (known !== undefined) return known;
    const file = await readWholeFile(this.#objects, checksum, (size) =>
      this.#hasRoom(size) ? Buffer.allocUnsafeSlow(size) : this.#memory.take(size),
    );
    if (this.#hasRoom(file.bytes.length)) {
      this.#files.set(checksum, file);
      this.#bytes += file.bytes.length;
    }
    return file;
  }

  /** Frees all but the kept sources. */
  freeOthers(): void {
    this.#memory.free();
  }

  /** Frees all memory. */
  [Symbol.dispose](): void {
    this.freeOthers();
    for (const { bytes } of this.#files.values()) freeNow(bytes);
    this.#files.clear();
  }

  /** As of an ObjectSource. */
  async content(checksum: Checksum): Promise<StoredObject> {
    const known = this.#files.get(checksum);
    return known === undefined ? this.#objects.content(checksum) : storedBytes(known.header, known.bytes);
  }

  #hasRoom(size: number): boolean {
    return this.#bytes + size <= KEPT_BYTES;
  }
}
