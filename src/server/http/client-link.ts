/**
 * Decides whether the link of a client is slow, so that objects are worth compressing while it waits. A
 * client is an address: all of its connections share a link (docs/decisions/0112-links-of-an-address.md).
 *
 * A link is fast as soon as it has shown a fast rate (link-rate.ts). It is slow if it has not done so in a
 * trial, in which objects are sent as they are. Compressed objects come no faster than this process makes
 * them, so they cannot show it; trials are repeated, less and less often.
 */
import { performance } from 'node:perf_hooks';
import { LinkRate } from './link-rate.ts';
import { isMachineBusy } from './machine-busy.ts';

/** Bytes per millisecond. Below them an object arrives sooner if it is compressed lightly. */
const FAST = 40_000;
/** Where no processor is to spare: requests wait for one, and so does compression. */
const FAST_WHILE_BUSY = 20_000;
/** Long enough for a window of the rate, and for what goes on at the beginning of a pull. */
const TRIAL_MS = 200;
/** From one trial to the next, and how much longer it is each time. */
const FIRST_PAUSE_MS = 1000;
const LONGER = 3;
const LONGEST_PAUSE_MS = 30_000;
/** Measurements after which a link that has not shown to be fast is slow. */
const ENOUGH_MS = 1000;
/** How long a verdict holds, so that not every object asks for one. */
const VERDICT_MS = 25;
/** A client that comes back later may have another link. */
const KNOWN_MS = 60_000;
/** A client that pauses for longer has turned to something else. */
const LONGEST_ANSWER_MS = 5000;

export type ClientLinkOptions = {
  /** Whether this process or the machine has no processor to spare. */
  readonly isBusy?: () => boolean;
  readonly now?: () => number;
};

export class ClientLink {
  readonly #isBusy: () => boolean;
  readonly #now: () => number;
  readonly #rate = new LinkRate();
  #isFast = false;
  /** When the last trial began. */
  #triedAt = Number.NEGATIVE_INFINITY;
  #pause = 0;
  #judgedAt = Number.NEGATIVE_INFINITY;
  #askedAt = Number.NEGATIVE_INFINITY;

  constructor({ isBusy = isMachineBusy, now = () => performance.now() }: ClientLinkOptions = {}) {
    this.#isBusy = isBusy;
    this.#now = now;
  }

  /** Records bytes that arrived between these times. */
  took(bytes: number, from: number, to: number): void {
    if (to - from <= LONGEST_ANSWER_MS) this.#rate.took(bytes, from, to);
  }

  /** Whether the link has shown that it is fast, and not the contrary since. */
  get isFast(): boolean {
    const now = this.#now();
    if (now - this.#askedAt > KNOWN_MS) this.#forget();
    this.#askedAt = now;
    if (now - this.#judgedAt >= VERDICT_MS) this.#judge(now);
    return this.#isFast;
  }

  /** False during a trial, too. */
  get isSlow(): boolean {
    if (this.isFast) return false;
    const now = this.#now();
    if (now - this.#triedAt < TRIAL_MS) return false;
    if (now - this.#triedAt < this.#pause) return true;
    this.#triedAt = now;
    this.#pause = this.#pause === 0 ? FIRST_PAUSE_MS : Math.min(this.#pause * LONGER, LONGEST_PAUSE_MS);
    return false;
  }

  /** Whether it was measured for long enough, and has not shown that it is fast. */
  get isKnownSlow(): boolean {
    return !this.isFast && this.#rate.measured(this.#now()) >= ENOUGH_MS;
  }

  #forget(): void {
    this.#isFast = false;
    this.#triedAt = Number.NEGATIVE_INFINITY;
    this.#pause = 0;
  }

  #judge(now: number): void {
    this.#judgedAt = now;
    const best = this.#rate.best(now);
    const least = this.#isBusy() ? FAST_WHILE_BUSY : FAST;
    if (best >= least) {
      this.#isFast = true;
      this.#pause = 0;
    } else if (this.#isFast && this.#rate.measured(now) >= ENOUGH_MS) {
      this.#isFast = false;
      this.#triedAt = now - TRIAL_MS;
      this.#pause = FIRST_PAUSE_MS;
    }
  }
}
