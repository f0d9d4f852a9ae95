/** Bounds how many jobs run at once; the others wait in FIFO order. */
export class Semaphore {
  readonly limit: number;
  #running = 0;
  readonly #waiting: (() => void)[] = [];

  constructor(limit: number) {
    this.limit = limit;
  }

  async run<T>(job: () => Promise<T>): Promise<T> {
    const leave = await this.enter();
    try {
      return await job();
    } finally {
      leave();
    }
  }

  /** Waits for a slot; the returned function releases it. */
  async enter(): Promise<() => void> {
    if (this.#running >= this.limit) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    else this.#running += 1;
    return () => this.#leave();
  }

  /** Acquires a slot if one is free; the returned function releases it. */
  tryEnter(): (() => void) | undefined {
    if (this.#running >= this.limit) return undefined;
    this.#running += 1;
    return () => this.#leave();
  }

  /** Hands the slot to the next in line. */
  #leave(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#running -= 1;
    else next();
  }
}
