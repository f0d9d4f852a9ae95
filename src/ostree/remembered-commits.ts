/**
 * A source that remembers the commits it has read: making an image of a thousand refs needs each commit half
 * a dozen times, and opening its file safely takes longer than all else about it.
 */
import type { Checksum } from './checksum.ts';
import type { ObjectSource } from './object-source.ts';

/** Commits beyond this are read again. */
const MOST_BYTES = 16 * 1024 * 1024;

class Remembered {
  readonly #commits = new Map<Checksum, Buffer>();
  #bytes = 0;

  get(checksum: Checksum): Buffer | undefined {
    return this.#commits.get(checksum);
  }

  keep(checksum: Checksum, bytes: Buffer): Buffer {
    if (this.#bytes + bytes.length > MOST_BYTES) return bytes;
    this.#commits.set(checksum, bytes);
    this.#bytes += bytes.length;
    return bytes;
  }
}

/** The same objects. A commit that vanishes from the source later stays. */
export function withRememberedCommits(source: ObjectSource): ObjectSource {
  const commits = new Remembered();
  return {
    ...source,
    metadata: async (type, checksum) => {
      if (type !== 'commit') return source.metadata(type, checksum);
      return commits.get(checksum) ?? commits.keep(checksum, await source.metadata(type, checksum));
    },
  };
}
