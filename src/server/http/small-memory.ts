/**
 * Small things that are sent again and again, kept in memory by name.
 *
 * Bounded. Pulls ask for everything once, in much the same order, so a memory of the most recent entries
 * would hold none of them when the next pull comes. A full memory therefore stays as it is, but for every
 * {@link ADMITTED}th entry, which takes the place of the oldest.
 */

/** What an entry takes besides its bytes, roughly. */
const ENTRY_BYTES = 1280;
/** One in so many entries enters a full memory. */
const ADMITTED = 16;

export class SmallMemory<T> {
  readonly #sizeOf: (value: T) => number;
  readonly #maxBytes: number;
  readonly #entries = new Map<string, T>();
  #bytes = 0;
  #refused = 0;

  /** `sizeOf` returns the same for a value each time. */
  constructor(sizeOf: (value: T) => number, maxBytes: number) {
    this.#sizeOf = sizeOf;
    this.#maxBytes = maxBytes;
  }

  /** Memory taken, in bytes; an estimate. */
  get bytes(): number {
    return this.#bytes;
  }

  get(name: string): T | undefined {
    return this.#entries.get(name);
  }

  /** Keeps the value if there is room. */
  keep(name: string, value: T): void {
    this.forget(name);
    const bytes = this.#costOf(value);
    if (!this.#hasRoom(bytes)) return;
    this.#entries.set(name, value);
    this.#bytes += bytes;
  }

  forget(name: string): void {
    const value = this.#entries.get(name);
    if (value === undefined) return;
    this.#entries.delete(name);
    this.#bytes -= this.#costOf(value);
  }

  clear(): void {
    for (const name of this.#entries.keys()) this.forget(name);
  }

  /** Makes room for some of the entries that do not fit. */
  #hasRoom(bytes: number): boolean {
    if (this.#bytes + bytes <= this.#maxBytes) return true;
    this.#refused = (this.#refused + 1) % ADMITTED;
    if (this.#refused !== 0) return false;
    for (const oldest of this.#entries.keys()) {
      this.forget(oldest);
      if (this.#bytes + bytes <= this.#maxBytes) return true;
    }
    return false;
  }

  #costOf(value: T): number {
    return this.#sizeOf(value) + ENTRY_BYTES;
  }
}
