/**
 * What is known of the links of clients, by address, because a client opens more than a hundred connections
 * in a pull, and they share a link (docs/decisions/0112-links-of-an-address.md). A connection without an
 * address has a link of its own.
 */
import { performance } from 'node:perf_hooks';
import { ClientLink } from './client-link.ts';
import { type Connection, LinkSpeed } from './link-speed.ts';

const MAX_KNOWN = 1000;

export class KnownLinks {
  readonly #newLink: () => ClientLink;
  readonly #now: () => number;
  readonly #speeds = new WeakMap<Connection, LinkSpeed>();
  /** By address, the one that connected last is last. */
  readonly #clients = new Map<string, ClientLink>();

  constructor(newLink = () => new ClientLink(), now = () => performance.now()) {
    this.#newLink = newLink;
    this.#now = now;
  }

  of(connection: Connection): LinkSpeed {
    const known = this.#speeds.get(connection);
    if (known !== undefined) return known;
    const speed = new LinkSpeed(this.#client(connection.remoteAddress));
    this.#speeds.set(connection, speed);
    return speed;
  }

  /** Call when a request for an object has arrived on its connection. */
  requested(connection: Connection): void {
    this.#speeds.get(connection)?.requested(connection, this.#now());
  }

  #client(address: string | undefined): ClientLink {
    if (address === undefined) return this.#newLink();
    const link = this.#clients.get(address) ?? this.#newLink();
    this.#clients.delete(address);
    this.#clients.set(address, link);
    const [oldest] = this.#clients.keys();
    if (this.#clients.size > MAX_KNOWN && oldest !== undefined) this.#clients.delete(oldest);
    return link;
  }
}

/** The one instance of this process. */
export const knownLinks: KnownLinks = new KnownLinks();
