/**
 * Deferred work on objects that runs when the server is idle, so that it does not compete with clients. On a
 * server that is never idle it runs when the first object has waited for a minute, and then only while the
 * machine has processors to spare: before each object the last moments are looked at.
 *
 * Bounded: the oldest objects are dropped when the queue is full. Objects are processed one at a time, each
 * once.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { ProcessorLoad, WINDOW_MS } from '../../base/processor-load.ts';
import type { Checksum } from '../../ostree/checksum.ts';

export type IdleQueueOptions = {
  /** Must not reject. `note` is from the last {@link IdleQueue.add}. */
  readonly work: (checksum: Checksum, note: string) => Promise<void>;
  /** How long the server must have sent nothing before work begins. */
  readonly idleMs: number;
  /** How long an object waits for an idle server at most; 60 s by default. */
  readonly patienceMs?: number;
  /** The unused share of the machine's processor time at the moment, 0 to 1. */
  readonly idleShare?: () => number;
};

const PATIENCE_MS = 60_000;
const MAX_WAITING = 50_000;
/** Least unused share for work beside clients. */
const SPARE = 1 / 2;

export class IdleQueue {
  readonly #work: IdleQueueOptions['work'];
  readonly #idleMs: number;
  readonly #patienceMs: number;
  readonly #idleShare: () => number;
  readonly #waiting = new Map<Checksum, string>();
  #waitingSince = 0;
  #disturbedAt = 0;
  #timer: NodeJS.Timeout | undefined;
  #isWorking = false;
  #isStopped = false;

  constructor({ work, idleMs, patienceMs = PATIENCE_MS, idleShare }: IdleQueueOptions) {
    const load = new ProcessorLoad();
    this.#idleShare = idleShare ?? (() => load.idleShare());
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
    this.#disturbedAt = Date.now();
    // A timer that runs already looks how long it has to go on: a new one for each object would cost as much
    // as finding the object.
    if (this.#timer === undefined && !(this.#isWorking && this.#isPatienceOver))
      this.#workAfter(this.#wait());
  }

  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    this.#waiting.clear();
  }

  get #isPatienceOver(): boolean {
    return Date.now() - this.#waitingSince >= this.#patienceMs;
  }

  /** Milliseconds until work may begin. */
  #wait(): number {
    const begin = Math.min(this.#disturbedAt + this.#idleMs, this.#waitingSince + this.#patienceMs);
    return Math.max(0, begin - Date.now());
  }

  #workAfter(milliseconds: number): void {
    this.#timer = setTimeout(() => this.#begin(), milliseconds).unref();
  }

  #begin(): void {
    const wait = this.#wait();
    if (wait > 0) this.#workAfter(wait);
    else void this.#workOff();
  }

  /** Whether clients need the processors: the server is not idle, and the machine is busy. */
  get #mustWait(): boolean {
    return Date.now() - this.#disturbedAt < this.#idleMs && this.#idleShare() < SPARE;
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
      if (this.#mustWait) {
        this.#workAfter(WINDOW_MS);
        break;
      }
      this.#waiting.delete(checksum);
      await this.#work(checksum, note);
      await nextTurn();
      if (this.#timer !== undefined || this.#isStopped) break;
    }
    this.#isWorking = false;
    if (this.#waiting.size === 0) this.#waitingSince = Date.now();
  }
}
