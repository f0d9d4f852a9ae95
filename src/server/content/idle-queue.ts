/**
 * Deferred work on objects that runs when the server is idle, so that it does not compete with clients. On a
 * server that is never idle it runs when the first object has waited for a minute.
 *
 * Bounded: the oldest objects are dropped when the queue is full. Objects are processed one at a time, each
 * once.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Checksum } from '../../ostree/checksum.ts';

export type IdleQueueOptions = {
  /** Must not reject. `note` is from the last {@link IdleQueue.add}. */
  readonly work: (checksum: Checksum, note: string) => Promise<void>;
  /** How long the server must have sent nothing before work begins. */
  readonly idleMs: number;
  /** How long an object waits for an idle server at most; 60 s by default. */
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

  /** Queues an object that is being sent. */
  add(checksum: Checksum, note = ''): void {
    if (this.#isStopped) return;
    if (this.#waiting.size === 0 && !this.#isWorking) this.#waitingSince = Date.now();
    this.#waiting.delete(checksum);
    this.#waiting.set(checksum, note);
    if (this.#waiting.size > MAX_WAITING) this.#dropOldest();
    this.disturb();
  }

  /** Pauses work, because something is being sent. */
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
    // The running loop continues when it sees that no timer is set.
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
