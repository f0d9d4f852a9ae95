/**
 * One direction of a link, which all connections share, as a model that knows neither sockets nor timers: a
 * token bucket without depth, followed by a delay. A piece leaves the link when all pieces before it have
 * left and its own bytes are sent, and arrives a constant delay later. Times follow from this alone, so a
 * caller that comes late delivers late but does not slow the link down, and an idle link saves up no burst.
 *
 * Times are milliseconds of the caller's clock.
 */
import { queueLimit, type Speed } from './links.ts';

type Item<T> = { readonly piece: T; readonly arrives: number };

/** Timers have a resolution of a millisecond: pieces are delivered at the nearest one. */
const HALF_TICK = 0.5;

export class Shaper<T> {
  readonly #speed: Speed;
  readonly #limit: number;
  readonly #items: Item<T>[] = [];
  /** When the link has sent everything that was pushed. */
  #freeAt = 0;

  constructor(speed: Speed) {
    this.#speed = speed;
    this.#limit = queueLimit(speed);
  }

  push(piece: T, bytes: number, now: number): void {
    this.#freeAt = Math.max(this.#freeAt, now) + (bytes / this.#speed.bytesPerSecond) * 1000;
    this.#items.push({ piece, arrives: this.#freeAt + this.#speed.delayMs });
  }

  /** Bytes that the link has not sent yet. */
  queued(now: number): number {
    return (Math.max(0, this.#freeAt - now) * this.#speed.bytesPerSecond) / 1000;
  }

  /** Whether the queue has no room: the sender has to wait. */
  isFull(now: number): boolean {
    return this.queued(now) >= this.#limit;
  }

  /** Removes and returns the pieces that have arrived, in order. */
  take(now: number): T[] {
    const waiting = this.#items.findIndex(({ arrives }) => arrives > now + HALF_TICK);
    return this.#items.splice(0, waiting === -1 ? this.#items.length : waiting).map(({ piece }) => piece);
  }

  /** Time of the next arrival, or when a full queue has room for a piece again; undefined if neither. */
  next(now: number): number | undefined {
    const arrives = this.#items[0]?.arrives;
    if (!this.isFull(now)) return arrives;
    const hasRoom = this.#freeAt - (this.#limit / this.#speed.bytesPerSecond) * 1000;
    return Math.min(arrives ?? hasRoom, hasRoom);
  }
}
