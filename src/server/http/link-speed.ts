/**
 * Estimates how fast a connection takes answers. ostree clients send one request at a time, so an answer has
 * arrived when the next request does: what was written in between, over the time it took, is a lower bound
 * of the link's speed. The kernel's buffers take most answers at once on any link, so that says nothing.
 *
 * The bound includes the time the client needs for itself, the round trip, and other answers on the same
 * link; small answers measure nothing else and do not count. Where this process or the machine is busy,
 * requests wait for a processor rather than for the link, so such times count only if they are very long.
 *
 * What the link takes grows with the bytes; everything else does not. So a straight line through the bytes
 * and times of many answers tells a slow link on a busy machine as well, by its slope.
 */
import { performance } from 'node:perf_hooks';
import { ProcessorLoad } from '../../base/processor-load.ts';
import { LineFit } from './line-fit.ts';

/** A socket. */
export type Connection = { readonly bytesWritten: number; readonly remoteAddress?: string | undefined };

/** Bytes per millisecond. Below it an object arrives sooner if it is compressed lightly. */
const SLOW = 6000;
const LEAST_BYTES = 8 * 1024;
/** A client that pauses for longer has turned to something else. */
const LONGEST_MS = 5000;
/** Weight of what was known before, for each new measurement. */
const KEPT = 3 / 4;
/** Answers that the line goes through: larger ones are encoded while they are sent. */
const MOST_FITTED_BYTES = 1024 * 1024;
const LEAST_FITTED = 8;
/** How many standard errors below the slope a link is taken for. */
const DOUBT = 4;
/** Below this fraction of {@link SLOW} the link is to blame even on a busy machine. */
const SURELY = 1 / 8;
/** Added to the time of the slowest link, it is the longest that counts for the line. */
const SLACK_MS = 100;
/** How many measurements those of an earlier connection count for. */
const INHERITED = 64;

export class LinkSpeed {
  readonly #isBusy: () => boolean;
  readonly #fit: LineFit;
  #bytes = 0;
  #milliseconds = 0;
  #start: { readonly time: number; readonly written: number } | undefined;

  /**
   * `isBusy` tells whether this process or the machine has no processor to spare; `earlier` is what was
   * measured on another connection of the same client.
   */
  constructor(isBusy: () => boolean = isMachineBusy, earlier?: LinkSpeed) {
    this.#isBusy = isBusy;
    // Not the mean speed: on a busy machine a few long waits make it low, and would do so for ever.
    this.#fit = earlier === undefined ? new LineFit() : LineFit.after(earlier.#fit, INHERITED);
  }

  /** Call when a request has arrived on its connection. True if it ends a measurement. */
  requested(connection: Connection, now?: number): boolean {
    const start = this.#start;
    if (start === undefined) return false;
    this.#start = undefined;
    const bytes = connection.bytesWritten - start.written;
    const milliseconds = (now ?? performance.now()) - start.time;
    this.add(bytes, milliseconds);
    if (bytes > MOST_FITTED_BYTES || milliseconds > LONGEST_MS) return true;
    // A pause of the client would count for hundreds of answers.
    this.#fit.add(bytes, Math.min(milliseconds, SLACK_MS + bytes / (SLOW * SURELY)));
    return true;
  }

  /** Call when an answer is about to be written. */
  answering(connection: Connection, now: number = performance.now()): void {
    this.#start = { time: now, written: connection.bytesWritten };
  }

  /** Records that the connection has taken so many bytes in this time. */
  add(bytes: number, milliseconds: number): void {
    if (bytes < LEAST_BYTES || milliseconds > LONGEST_MS) return;
    const speed = bytes / milliseconds;
    if (speed < SLOW && speed > SLOW * SURELY && this.#isBusy()) return;
    this.#bytes = this.#bytes * KEPT + bytes;
    this.#milliseconds = this.#milliseconds * KEPT + milliseconds;
  }

  /** False if nothing was measured. */
  get isSlow(): boolean {
    if (this.#bytes < this.#milliseconds * SLOW) return true;
    return this.#fit.count >= LEAST_FITTED && this.#fit.leastSlope(DOUBT) > 1 / SLOW;
  }
}

/** Most of the event loop's time, and least of the machine's, that leaves a processor to spare. */
const MOST_ACTIVE = 0.85;
const LEAST_IDLE = 0.2;
const LOOK_MS = 250;

const machine = new ProcessorLoad();
const loop = { since: performance.eventLoopUtilization(), at: 0, isBusy: false };

function isMachineBusy(): boolean {
  const now = performance.now();
  if (now - loop.at > LOOK_MS) {
    const current = performance.eventLoopUtilization();
    loop.isBusy = performance.eventLoopUtilization(current, loop.since).utilization > MOST_ACTIVE;
    loop.since = current;
    loop.at = now;
  }
  return loop.isBusy || machine.idleShare() < LEAST_IDLE;
}
