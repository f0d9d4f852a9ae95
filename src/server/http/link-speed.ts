/**
 * Measures how fast a connection takes answers, for what is known of its client's link (client-link.ts).
 * ostree clients send one request at a time, so an answer has arrived when the next request does. The
 * kernel's buffers take most answers at once on any link, so that says nothing.
 */
import { performance } from 'node:perf_hooks';
import type { ClientLink } from './client-link.ts';

/** A socket. */
export type Connection = { readonly bytesWritten: number; readonly remoteAddress?: string | undefined };

/** What is asked of a client's link, and told: bytes that it took between two times. */
export type Link = Pick<ClientLink, 'isSlow' | 'isFast' | 'isKnownSlow' | 'took'>;

/** Where nothing is sent. */
export const NO_LINK: Link = { isSlow: false, isFast: true, isKnownSlow: false, took: () => {} };

export class LinkSpeed implements Link {
  readonly #client: Link;
  #start: { readonly time: number; readonly written: number } | undefined;

  constructor(client: Link) {
    this.#client = client;
  }

  /** Call when a request has arrived on its connection. */
  requested(connection: Connection, now: number = performance.now()): void {
    const start = this.#start;
    this.#start = undefined;
    if (start !== undefined) this.#client.took(connection.bytesWritten - start.written, start.time, now);
  }

  /** Call when an answer is about to be written. */
  answering(connection: Connection, now: number = performance.now()): void {
    this.#start = { time: now, written: connection.bytesWritten };
  }

  /** Records bytes of an answer that its connection took between these times, instead of all of it. */
  took(bytes: number, from: number, to: number): void {
    this.#start = undefined;
    this.#client.took(bytes, from, to);
  }

  /** Whether objects are worth compressing; false while that is tried. */
  get isSlow(): boolean {
    return this.#client.isSlow;
  }

  /** Whether the link is known to be fast. */
  get isFast(): boolean {
    return this.#client.isFast;
  }

  get isKnownSlow(): boolean {
    return this.#client.isKnownSlow;
  }
}
