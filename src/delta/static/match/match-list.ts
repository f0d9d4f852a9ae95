/**
 * Where a new file resembles an old one, as bsdiff sees it: stretches of the new file in order, each at some
 * position of the old file, most of whose bytes are equal. What lies between them is new. The numbers are in
 * one array that grows and is reused, because a file may have millions of stretches.
 */

const FIELDS = 3;

export type Stretch = {
  /** Where it starts in the new file. */
  readonly at: number;
  /** Where it starts in the old file. */
  readonly source: number;
  readonly length: number;
};

export class MatchList {
  #numbers = new Int32Array(1024 * FIELDS);
  #length = 0;
  #matchedBytes = 0;

  get length(): number {
    return this.#length;
  }

  /** The lengths of all stretches together. */
  get matchedBytes(): number {
    return this.#matchedBytes;
  }

  clear(): void {
    this.#length = 0;
    this.#matchedBytes = 0;
  }

  add(at: number, source: number, length: number): void {
    const start = this.#length * FIELDS;
    if (start === this.#numbers.length) {
      const larger = new Int32Array(this.#numbers.length * 2);
      larger.set(this.#numbers);
      this.#numbers = larger;
    }
    this.#numbers[start] = at;
    this.#numbers[start + 1] = source;
    this.#numbers[start + 2] = length;
    this.#length += 1;
    this.#matchedBytes += length;
  }

  get(index: number): Stretch {
    const start = index * FIELDS;
    return {
      at: this.#numbers[start] as number,
      source: this.#numbers[start + 1] as number,
      length: this.#numbers[start + 2] as number,
    };
  }
}
