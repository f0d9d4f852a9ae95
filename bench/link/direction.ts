/**
 * One direction of all connections of a link. Every connection has a pipe here, which reads only while the
 * link's queue has room and its own receiver takes the data; otherwise the sender's socket fills up, and the
 * sender waits. So the memory of a direction is bounded by the link's queue, the data in flight, and one
 * piece for each connection.
 */
import type { Duplex } from 'node:stream';
import type { Speed } from './links.ts';
import { Shaper } from './shaper.ts';

type Pipe = { readonly from: Duplex; readonly to: Duplex };
/** Bytes on their way, or the end of them. */
type Piece = { readonly pipe: Pipe; readonly bytes?: Buffer };

const MAX_WAIT_MS = 1000;

export class Direction {
  readonly #shaper: Shaper<Piece>;
  readonly #pipes = new Set<Pipe>();
  #timer: NodeJS.Timeout | undefined;
  #wasFull = false;
  /** Bytes delivered so far. */
  delivered = 0;

  constructor(speed: Speed) {
    this.#shaper = new Shaper(speed);
  }

  /** Carries everything that `from` sends to `to`, and its end. */
  carry(from: Duplex, to: Duplex): void {
    const pipe = { from, to };
    this.#pipes.add(pipe);
    from.on('data', (bytes: Buffer) => this.#push({ pipe, bytes }, bytes.length));
    from.on('end', () => this.#push({ pipe }, 0));
    from.on('close', () => this.#pipes.delete(pipe));
    to.on('drain', () => this.#update(pipe));
    this.#update(pipe);
  }

  close(): void {
    clearTimeout(this.#timer);
  }

  #push(piece: Piece, bytes: number): void {
    this.#shaper.push(piece, bytes, performance.now());
    this.#turn();
  }

  /** Delivers what has arrived, lets senders run or wait, and returns when the next piece is due. */
  #turn(): void {
    for (const { pipe, bytes } of this.#shaper.take(performance.now())) {
      const { to } = pipe;
      if (to.destroyed || to.writableEnded) continue;
      this.delivered += bytes?.length ?? 0;
      if (bytes === undefined) to.end();
      else if (!to.write(bytes)) this.#update(pipe);
    }
    const isFull = this.#shaper.isFull(performance.now());
    if (isFull !== this.#wasFull) for (const pipe of this.#pipes) this.#update(pipe);
    this.#wasFull = isFull;
    this.#arm();
  }

  #update({ from, to }: Pipe): void {
    if (this.#shaper.isFull(performance.now()) || to.writableNeedDrain) from.pause();
    else from.resume();
  }

  #arm(): void {
    clearTimeout(this.#timer);
    const now = performance.now();
    const next = this.#shaper.next(now);
    if (next === undefined) return;
    this.#timer = setTimeout(() => this.#turn(), Math.min(MAX_WAIT_MS, Math.max(1, Math.floor(next - now))));
  }
}
