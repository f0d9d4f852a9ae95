/**
 * What is known of the links of clients: an estimate for each connection, which lasts as long as the
 * connection. A new one starts with what was last measured of its address, because a client opens more than a
 * hundred in a pull, one after another, each for some forty objects
 * (docs/decisions/0112-links-of-an-address.md).
 */
import { performance } from 'node:perf_hooks';
import { type Connection, LinkSpeed } from './link-speed.ts';

/** A client that comes back later may have another link. */
const KNOWN_MS = 60_000;
const MAX_KNOWN = 1000;

type Latest = { readonly speed: LinkSpeed; readonly at: number };

export class KnownLinks {
  readonly #newSpeed: (earlier: LinkSpeed | undefined) => LinkSpeed;
  readonly #now: () => number;
  readonly #speeds = new WeakMap<Connection, LinkSpeed>();
  /** By address, most recently measured last. */
  readonly #latest = new Map<string, Latest>();

  constructor(
    newSpeed = (earlier: LinkSpeed | undefined) => new LinkSpeed(undefined, earlier),
    now = () => performance.now(),
  ) {
    this.#newSpeed = newSpeed;
    this.#now = now;
  }

  of(connection: Connection): LinkSpeed {
    const known = this.#speeds.get(connection);
    if (known !== undefined) return known;
    const speed = this.#newSpeed(this.#latestOf(connection.remoteAddress));
    this.#speeds.set(connection, speed);
    return speed;
  }

  /** Call when a request for an object has arrived on its connection. */
  requested(connection: Connection): void {
    const speed = this.#speeds.get(connection);
    if (speed?.requested(connection, this.#now()) === true) this.#keep(connection.remoteAddress, speed);
  }

  #latestOf(address: string | undefined): LinkSpeed | undefined {
    const latest = address === undefined ? undefined : this.#latest.get(address);
    return latest !== undefined && this.#now() - latest.at <= KNOWN_MS ? latest.speed : undefined;
  }

  #keep(address: string | undefined, speed: LinkSpeed): void {
    if (address === undefined) return;
    this.#latest.delete(address);
    this.#latest.set(address, { speed, at: this.#now() });
    const [oldest] = this.#latest.keys();
    if (this.#latest.size > MAX_KNOWN && oldest !== undefined) this.#latest.delete(oldest);
  }
}

/** The one instance of this process. */
export const knownLinks: KnownLinks = new KnownLinks();
