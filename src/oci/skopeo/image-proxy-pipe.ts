/**
 * A pipe that skopeo's image proxy writes a blob into. The proxy closes its end only on FinishPipe, whose
 * reply says whether the transfer succeeded, so end of file comes after FinishPipe. FinishPipe blocks until
 * the proxy has written everything, and blocks all other requests meanwhile. It is therefore sent when all
 * bytes have arrived, or after a silence, which is how a broken connection is detected. A stalled connection
 * is aborted after the stall timeout.
 */
import { Socket } from 'node:net';
import { type StallLimit, watchForStall } from './stall.ts';

/** Milliseconds without a byte after which FinishPipe is sent. */
const SILENCE = 1000;

export type ProxyPipeOptions = {
  /** Sends FinishPipe; rejects with the proxy's error. */
  readonly finish: () => Promise<void>;
  readonly stall: StallLimit | undefined;
  /** Called when the transfer has stalled; must end it, so that `finish` rejects. */
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
   * The bytes, to be read once; throws the proxy's error at the end at the latest. `size` is the expected
   * number of bytes, which may be wrong; without it, the proxy handles no other request until the pipe is
   * read.
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

  /** Stops reading. The proxy's error for a pipe that was not read to its end is ignored. */
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
    // It may reject before it is awaited.
    this.#finished.catch(() => {});
    return this.#finished;
  }
}
