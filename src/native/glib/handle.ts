/** Ownership of something in foreign memory: `using` it releases it at the end of the block. */
import type { Pointer } from '../library.ts';

export class Handle implements Disposable {
  readonly #release: (pointer: Pointer) => void;
  #pointer: Pointer | undefined;

  constructor(pointer: Pointer, release: (pointer: Pointer) => void) {
    this.#pointer = pointer;
    this.#release = release;
  }

  get pointer(): Pointer {
    if (this.#pointer === undefined) throw new Error('a foreign object was used after its release');
    return this.#pointer;
  }

  /** Releases what it holds; once is enough, and again does no harm. */
  [Symbol.dispose](): void {
    if (this.#pointer === undefined) return;
    const pointer = this.#pointer;
    this.#pointer = undefined;
    this.#release(pointer);
  }
}
