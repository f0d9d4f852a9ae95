/**
 * A pull over a link as the server sees it, in simulated time: eight connections of a client send one request
 * after another; the server encodes answers one at a time, the link carries pieces of all connections in
 * turn, and the client works on one answer at a time.
 */
import { ClientLink } from '../../../src/server/http/client-link.ts';

export type Situation = {
  /** Bytes per millisecond. */
  readonly link: number;
  readonly roundTripMs?: number;
  /** How much longer all work takes than on a machine with a processor for each program. */
  readonly load?: number;
  /** What the client works on an answer, and on a megabyte of it. */
  readonly clientMs?: readonly [number, number];
  /** Clients behind one address, each with such a link. */
  readonly clients?: number;
  readonly answers?: number;
  readonly seed?: number;
};

export type Outcome = {
  /** Of the answers' bytes before compression, the share that was sent as it is. */
  readonly stored: number;
  readonly seconds: number;
};

const PIECE = 16 * 1024;
const CONNECTIONS = 8;
/** A megabyte: compressed, and stored. */
const COMPRESSED_MS = 14;
const STORED_MS = 1.5;
const COMPRESSED_SIZE = 0.37;

/** Numbers from 0 to 1 that look random and are the same each time (Marsaglia's xorshift). */
function numbers(seed: number): () => number {
  let state = seed * 2654435761 + 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

export function simulatedPull(situation: Situation): Outcome {
  const { link: speed, roundTripMs = 0, load = 1, clientMs = [0.4, 6], clients = 1 } = situation;
  const { answers = 3000, seed = 1 } = situation;
  const random = numbers(seed);
  const clock = { now: 1000 };
  const link = new ClientLink({ isBusy: () => load > 1.5, now: () => clock.now });
  // Waiting for a processor: an exponential distribution.
  const work = (ms: number) => ms + (load - 1) * ms * -Math.log(1 - random());
  const size = () => 16_000 * (1 - random()) ** -1.18;

  type Event = { readonly at: number; readonly run: () => void };
  const events: Event[] = [];
  const later = (at: number, run: () => void) => {
    const index = events.findLastIndex((event) => event.at <= at);
    events.splice(index + 1, 0, { at, run });
  };
  const servers = { freeAt: 0 };
  const total = { left: answers * clients, all: 0, stored: 0 };

  for (let client = 0; client < clients; client++) {
    const its = { linkFreeAt: 0, workFreeAt: 0 };
    const carry = (bytes: number, done: () => void) => {
      const piece = Math.min(bytes, PIECE);
      its.linkFreeAt = Math.max(its.linkFreeAt, clock.now) + piece / speed;
      later(its.linkFreeAt, () => (bytes > piece ? carry(bytes - piece, done) : done()));
    };
    const request = (answered?: { readonly bytes: number; readonly at: number }) => {
      if (answered !== undefined) link.took(answered.bytes, answered.at, clock.now);
      if (total.left <= 0) return;
      total.left -= 1;
      const bytes = Math.min(size(), 1024 * 1024);
      const isSlow = link.isSlow;
      total.all += bytes;
      if (!isSlow) total.stored += bytes;
      const ms = work(((isSlow ? COMPRESSED_MS : STORED_MS) * bytes) / 1e6 + 0.1);
      servers.freeAt = Math.max(servers.freeAt, clock.now) + ms;
      later(servers.freeAt, () => {
        const sent = isSlow ? bytes * COMPRESSED_SIZE : bytes;
        const at = clock.now;
        carry(sent, () => {
          const arrived = clock.now + roundTripMs / 2;
          later(arrived, () => {
            const itsWork = work(clientMs[0] + (clientMs[1] * bytes) / 1e6);
            its.workFreeAt = Math.max(its.workFreeAt, clock.now) + itsWork;
            later(its.workFreeAt + roundTripMs / 2, () => request({ bytes: sent, at }));
          });
        });
      });
    };
    for (let connection = 0; connection < CONNECTIONS; connection++) later(clock.now, () => request());
  }
  for (let event = events.shift(); event !== undefined; event = events.shift()) {
    clock.now = event.at;
    event.run();
  }
  return { stored: total.stored / total.all, seconds: (clock.now - 1000) / 1000 };
}
