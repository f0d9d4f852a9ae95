/**
 * Estimates the round trip to clients. A pull begins with small documents, one after another on one new
 * connection: config, summary, its signature, the index of deltas. The time from an answer to the next
 * request is a round trip, and what the client and this process took besides. So the least of several is an
 * upper bound, and a client is far if the least is long.
 *
 * Objects end the measurement of their connection. HTTP proxies mix the requests of several clients on one
 * connection, so what they pass on is not measured, if a header tells; and their connections are not new.
 */
import { performance } from 'node:perf_hooks';
import type { Request } from './answer.ts';
import type { Connection } from './link-speed.ts';

/** From here on objects are slower than a delta (docs/decisions/0111-virtual-deltas-by-default.md). */
const FAR_MS = 10;
/** One may be long because somebody was busy. */
const LEAST_MEASURED = 2;

const PROXY_HEADERS = ['via', 'forwarded', 'x-forwarded-for', 'x-real-ip'] as const;

type Measured = {
  count: number;
  leastMs: number;
  /** When the last document was answered; undefined while nothing is measured. */
  answeredAt: number | undefined;
  isOver: boolean;
  /** Objects until a pull is reported. */
  objectsLeft: number;
  onPull: () => void;
};

export class RoundTrips {
  readonly #now: () => number;
  readonly #connections = new WeakMap<Connection, Measured>();

  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** Call when a request for a document has arrived. */
  documentRequested({ socket }: Request): void {
    if (socket === undefined) return;
    const measured = this.#of(socket);
    if (measured.isOver || measured.answeredAt === undefined) return;
    measured.count += 1;
    measured.leastMs = Math.min(measured.leastMs, this.#now() - measured.answeredAt);
    measured.answeredAt = undefined;
  }

  /** Call when the answer to a document is about to be written. */
  documentAnswered({ socket }: Request): void {
    if (socket !== undefined) this.#of(socket).answeredAt = this.#now();
  }

  /** Call when a request for an object has arrived. */
  objectRequested({ socket }: Request): void {
    if (socket === undefined) return;
    const measured = this.#of(socket);
    measured.isOver = true;
    measured.objectsLeft -= 1;
    if (measured.objectsLeft === 0) measured.onPull();
  }

  /** False if it is not known. */
  isFar({ socket, headers }: Request): boolean {
    if (socket === undefined || PROXY_HEADERS.some((name) => headers[name] !== undefined)) return false;
    const { count, leastMs } = this.#of(socket);
    return count >= LEAST_MEASURED && leastMs >= FAR_MS;
  }

  /** Calls `onPull` when so many objects have been requested on the connection of this request. */
  whenPulled({ socket }: Request, objects: number, onPull: () => void): void {
    if (socket !== undefined) Object.assign(this.#of(socket), { objectsLeft: objects, onPull });
  }

  #of(connection: Connection): Measured {
    const known = this.#connections.get(connection);
    if (known !== undefined) return known;
    const fresh: Measured = {
      count: 0,
      leastMs: Number.POSITIVE_INFINITY,
      answeredAt: undefined,
      isOver: false,
      objectsLeft: 0,
      onPull: () => {},
    };
    this.#connections.set(connection, fresh);
    return fresh;
  }
}
