/**
 * Lets background work pass, piece by piece, when the server is idle. If it never is, after a minute and only
 * while the machine has processors to spare, like idle-queue.ts.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { ProcessorLoad, WINDOW_MS } from '../../base/processor-load.ts';

const PATIENCE_MS = 60_000;
const SPARE = 1 / 2;

export type IdleGateOptions = {
  /** How long the server must have sent nothing. */
  readonly idleMs: number;
  /** The unused share of the machine's processor time at the moment, 0 to 1. */
  readonly idleShare?: () => number;
  readonly now?: () => number;
};

export class IdleGate {
  readonly #idleMs: number;
  readonly #idleShare: () => number;
  readonly #now: () => number;
  #disturbedAt = Number.NEGATIVE_INFINITY;

  constructor({ idleMs, idleShare, now = Date.now }: IdleGateOptions) {
    const load = new ProcessorLoad();
    this.#idleMs = idleMs;
    this.#idleShare = idleShare ?? (() => load.idleShare());
    this.#now = now;
  }

  /** Call with every request. */
  disturb(): void {
    this.#disturbedAt = this.#now();
  }

  /** Resolves when a piece of work may be done; rejects when `signal` is aborted. */
  async pass(signal: AbortSignal): Promise<void> {
    const since = this.#now();
    while (!this.#isOpen(since))
      await sleep(Math.min(WINDOW_MS, this.#idleMs), undefined, { signal, ref: false });
    signal.throwIfAborted();
  }

  #isOpen(since: number): boolean {
    const now = this.#now();
    if (now - this.#disturbedAt >= this.#idleMs) return true;
    return now - since >= PATIENCE_MS && this.#idleShare() >= SPARE;
  }
}
