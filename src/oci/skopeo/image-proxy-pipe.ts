/**
 * A pipe that skopeo's image proxy writes a blob into. The proxy keeps the pipe open until it is told that the reading
 * is finished, and says then whether the writing went well; so the end of the bytes is only seen after FinishPipe.
 * FinishPipe waits for the writing, and holds up every other request meanwhile: it is sent when all bytes are here,
 * or when none come for a while, which is how a broken connection shows. A connection that stalls does not show in that
 * way, and is given up after the limit for stalls.
 */
import { Socket } from 'node:net';
import { type StallLimit, watchForStall } from './stall.ts';

/** Milliseconds without a byte after which the proxy is asked whether it went wrong. */
const SILENCE = 1000;

export type ProxyPipeOptions = {
  /** Sends FinishPipe, and rejects with what went wrong on the other side. */
  readonly finish: () => Promise<void>;
  readonly stall: StallLimit | undefined;
  /** Is called when the transfer has stalled; must end it, so that `finish` rejects. */
  readonly onStall: () => void;
};

export class ProxyPipe {
  readonly #socket: Socket;
  readonly #options: ProxyPipeOptions;
  #finished: Promise<void> | undefined;

  /** Takes over the descriptor. */
  constructor(descriptor: number, options: ProxyPipeOptions) {
    this.#socket = new Socket({ fd: descriptor, readable: true, writable: false });
    this.#options = options;
  }

  /**
   * The bytes, once; throws at the end, at the latest, what the proxy says of them. `size` is how many are expected,
   * and may be wrong; without it nothing else can be asked of the proxy before they have been read.
   */
  async *read(size: number = 0): AsyncGenerator<Buffer> {
    const pieces = (this.#socket as AsyncIterable<Buffer>)[Symbol.asyncIterator]();
    let count = 0;
    try {
      for (;;) {
        if (count >= size) this.#finishOnce();
        const piece = await this.#next(pieces);
        if (piece === undefined) break;
        count += piece.length;
        yield piece;
      }
      await this.#finishOnce();
    } finally {
      this.end();
    }
  }

  async #next(pieces: AsyncIterator<Buffer>): Promise<Buffer | undefined> {
    const timer = setTimeout(() => this.#finishOnce(), SILENCE);
    const endWatch = this.#watch();
    try {
      const { value, done } = await pieces.next();
      return done === true ? undefined : value;
    } finally {
      clearTimeout(timer);
      endWatch();
    }
  }

  /** Reads no more. What the proxy says of a pipe that was not read to its end is of no interest. */
  end(): void {
    this.#socket.destroy();
    const endWatch = this.#watch();
    this.#finishOnce().then(endWatch, endWatch);
  }

  #watch(): () => void {
    return watchForStall(this.#options.stall, this.#options.onStall);
  }

  #finishOnce(): Promise<void> {
    this.#finished ??= this.#options.finish();
    // It may fail before anyone waits for it.
    this.#finished.catch(() => {});
    return this.#finished;
  }
}
