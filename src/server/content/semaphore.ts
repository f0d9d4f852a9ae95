/** Lets a bounded number of jobs run at once; the others wait in the order they came. */
export class Semaphore {
  readonly limit: number;
  #running = 0;
  readonly #waiting: (() => void)[] = [];

  constructor(limit: number) {
    this.limit = limit;
  }

  async run<T>(job: () => Promise<T>): Promise<T> {
    if (this.#running >= this.limit) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    else this.#running += 1;
    try {
      return await job();
    } finally {
      this.#leave();
    }
  }

  /** Takes a place only if one is free now; the returned function gives it back. */
  tryEnter(): (() => void) | undefined {
    if (this.#running >= this.limit) return undefined;
    this.#running += 1;
    return () => this.#leave();
  }

  /** The place goes straight to the next in line. */
  #leave(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#running -= 1;
    else next();
  }
}
