/**
 * Work of a transaction that overlaps with later calls. Nothing rejects where it runs: the first error is
 * kept, and the next `check` throws it.
 */
export class WorkInFlight {
  readonly #running = new Set<Promise<void>>();
  #fault: { readonly error: unknown } | undefined;

  /** Starts the work. The promise resolves when it has ended, and never rejects. */
  track(work: () => Promise<void>): Promise<void> {
    const run: Promise<void> = work()
      .catch((error: unknown) => this.fail(error))
      .finally(() => this.#running.delete(run));
    this.#running.add(run);
    return run;
  }

  /** Makes `check` throw the error, unless an earlier one is kept. */
  fail(error: unknown): void {
    this.#fault ??= { error };
  }

  /** Throws the first error. */
  check(): void {
    if (this.#fault !== undefined) throw this.#fault.error;
  }

  /** Resolves when nothing runs any more; throws the first error. */
  async settle(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running);
    this.check();
  }
}
