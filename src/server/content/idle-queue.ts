/**
 * Work on objects that can wait until nobody is being served, so that it never competes with clients. A server
 * that is never quiet gets to it all the same, when the first object has waited for a minute.
 *
 * Bounded: of very many objects the last ones are worked on, one after the other, each once.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Checksum } from '../../ostree/checksum.ts';

export type IdleQueueOptions = {
  /** Must not reject. `note` is the one of the last {@link IdleQueue.add}. */
  readonly work: (checksum: Checksum, note: string) => Promise<void>;
  /** How long nothing must have been sent before work begins. */
  readonly idleMs: number;
  /** How long an object waits for that at most; 60 s by default. */
  readonly patienceMs?: number;
};

const PATIENCE_MS = 60_000;
const MAX_WAITING = 50_000;

export class IdleQueue {
  readonly #work: IdleQueueOptions['work'];
  readonly #idleMs: number;
  readonly #patienceMs: number;
  readonly #waiting = new Map<Checksum, string>();
  #waitingSince = 0;
  #timer: NodeJS.Timeout | undefined;
  #isWorking = false;
  #isStopped = false;

  constructor({ work, idleMs, patienceMs = PATIENCE_MS }: IdleQueueOptions) {
    this.#work = work;
    this.#idleMs = idleMs;
    this.#patienceMs = patienceMs;
  }

  /** Takes note of an object that is being sent. */
  add(checksum: Checksum, note = ''): void {
    if (this.#isStopped) return;
    if (this.#waiting.size === 0 && !this.#isWorking) this.#waitingSince = Date.now();
    this.#waiting.delete(checksum);
    this.#waiting.set(checksum, note);
    if (this.#waiting.size > MAX_WAITING) this.#dropOldest();
    this.disturb();
  }

  /** Something is being sent: work pauses. */
  disturb(): void {
    if (this.#isStopped || this.#waiting.size === 0) return;
    const patience = this.#waitingSince + this.#patienceMs - Date.now();
    if (patience <= 0 && this.#isWorking) return;
    clearTimeout(this.#timer);
    const wait = Math.max(0, Math.min(this.#idleMs, patience));
    this.#timer = setTimeout(() => void this.#workOff(), wait).unref();
  }

  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    this.#waiting.clear();
  }

  #dropOldest(): void {
    const [oldest] = this.#waiting.keys();
    if (oldest !== undefined) this.#waiting.delete(oldest);
  }

  async #workOff(): Promise<void> {
    this.#timer = undefined;
    // The other one goes on when it sees that no timer is set.
    if (this.#isWorking) return;
    this.#isWorking = true;
    for (const [checksum, note] of this.#waiting) {
      this.#waiting.delete(checksum);
      await this.#work(checksum, note);
      await nextTurn();
      if (this.#timer !== undefined || this.#isStopped) break;
    }
    this.#isWorking = false;
    if (this.#waiting.size === 0) this.#waitingSince = Date.now();
  }
}
