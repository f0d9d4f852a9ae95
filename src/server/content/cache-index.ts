/**
 * What a server knows of the files in its cache: size and last use of each object. The files are the source
 * of truth (disk-cache.ts), so a scan corrects it.
 */
import type { Checksum } from '../../ostree/checksum.ts';
import type { CachedFile } from './cache-files.ts';

/** `used`: time of the last use, or of the write if another server or run wrote the file. */
type Entry = { readonly size: number; used: number };

export class CacheIndex {
  readonly #entries = new Map<Checksum, Entry>();
  #bytes = 0;
  #lastUse = 0;

  /** Bytes of the known objects. */
  get bytes(): number {
    return this.#bytes;
  }

  /** The known objects. */
  get checksums(): Iterable<Checksum> {
    return this.#entries.keys();
  }

  has(checksum: Checksum): boolean {
    return this.#entries.has(checksum);
  }

  /** Records the object, of this size, as most recently used. */
  use(checksum: Checksum, size: number): void {
    const entry = this.#entries.get(checksum);
    if (entry?.size === size) entry.used = this.#now();
    else this.#set(checksum, { size, used: this.#now() });
  }

  forget(checksum: Checksum): void {
    this.#bytes -= this.#entries.get(checksum)?.size ?? 0;
    this.#entries.delete(checksum);
  }

  /** Least recently used first. */
  oldestFirst(): readonly Checksum[] {
    return [...this.#entries].sort(([, a], [, b]) => a.used - b.used).map(([checksum]) => checksum);
  }

  /** Takes over the files that are there, and forgets those that have gone. */
  async update(files: AsyncIterable<CachedFile>): Promise<void> {
    const start = this.#now();
    const gone = new Set(this.#entries.keys());
    for await (const { checksum, size, modified } of files) {
      gone.delete(checksum);
      this.#set(checksum, { size, used: this.#entries.get(checksum)?.used ?? modified });
    }
    for (const checksum of gone) {
      // An object used since the scan began exists: it was written after its directory had been read.
      if ((this.#entries.get(checksum)?.used ?? 0) < start) this.forget(checksum);
    }
  }

  #set(checksum: Checksum, entry: Entry): void {
    this.forget(checksum);
    this.#entries.set(checksum, entry);
    this.#bytes += entry.size;
  }

  /** Milliseconds since 1970, strictly increasing. */
  #now(): number {
    this.#lastUse = Math.max(Date.now(), this.#lastUse + 0.001);
    return this.#lastUse;
  }
}
