/**
 * Estimates the round trip to clients. A pull begins with small documents, one after another on one new
 * connection: signature, summary, config. The time from an answer to the next request is a round trip, and
 * what the client and this process took besides. So the least of several is an upper bound, and a client is
 * far if the least is long. The index of deltas and the objects come on other connections of the client, so
 * what is known of its address counts for some seconds.
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

/** Longer than a client takes from config to index. */
const KNOWN_MS = 10_000;
const MAX_KNOWN = 1000;

const PROXY_HEADERS = ['via', 'forwarded', 'x-forwarded-for', 'x-real-ip'] as const;

type Client = { readonly count: number; readonly leastMs: number; readonly at: number };

type Measured = {
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
  /** Most recently measured last. */
  readonly #clients = new Map<string, Client>();

  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** Call when a request for a document has arrived. */
  documentRequested({ socket }: Request): void {
    if (socket === undefined) return;
    const measured = this.#of(socket);
    const { answeredAt } = measured;
    if (measured.isOver || answeredAt === undefined) return;
    measured.answeredAt = undefined;
    this.#add(socket.remoteAddress, this.#now() - answeredAt);
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
    const client = this.#known(socket.remoteAddress);
    return client !== undefined && client.count >= LEAST_MEASURED && client.leastMs >= FAR_MS;
  }

  /** Calls `onPull` when so many objects have been requested on the connection of this request. */
  whenPulled({ socket }: Request, objects: number, onPull: () => void): void {
    if (socket !== undefined) Object.assign(this.#of(socket), { objectsLeft: objects, onPull });
  }

  #known(address: string | undefined): Client | undefined {
    const client = address === undefined ? undefined : this.#clients.get(address);
    return client !== undefined && this.#now() - client.at <= KNOWN_MS ? client : undefined;
  }

  #add(address: string | undefined, milliseconds: number): void {
    if (address === undefined) return;
    const { count, leastMs } = this.#known(address) ?? { count: 0, leastMs: Number.POSITIVE_INFINITY };
    this.#clients.delete(address);
    this.#clients.set(address, {
      count: count + 1,
      leastMs: Math.min(leastMs, milliseconds),
      at: this.#now(),
    });
    const [oldest] = this.#clients.keys();
    if (this.#clients.size > MAX_KNOWN && oldest !== undefined) this.#clients.delete(oldest);
  }

  #of(connection: Connection): Measured {
    const known = this.#connections.get(connection);
    if (known !== undefined) return known;
    const fresh: Measured = {
      answeredAt: undefined,
      isOver: false,
      objectsLeft: 0,
      onPull: () => {},
    };
    this.#connections.set(connection, fresh);
    return fresh;
  }
}
