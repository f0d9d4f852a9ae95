/** Blocks of shared memory that are used again and again, as many as there are: who finds none waits for one. */
export class MemoryPool {
  readonly blockBytes: number;
  readonly #free: Uint8Array[] = [];
  readonly #waiting: ((block: Uint8Array) => void)[] = [];
  #left: number;

  constructor(blocks: number, blockBytes: number) {
    this.#left = blocks;
    this.blockBytes = blockBytes;
  }

  async take(): Promise<Uint8Array> {
    const block = this.#free.pop();
    if (block !== undefined) return block;
    if (this.#left === 0) return new Promise((resolve) => this.#waiting.push(resolve));
    this.#left -= 1;
    return new Uint8Array(new SharedArrayBuffer(this.blockBytes));
  }

  give(block: Uint8Array): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#free.push(block);
    else next(block);
  }
}
