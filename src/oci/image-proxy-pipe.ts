/**
 * A pipe that skopeo's image proxy writes a blob into. The proxy keeps the pipe open until it is told that the reading
 * is finished, and says then whether the writing went well; so the end of the bytes is only seen after FinishPipe.
 * FinishPipe waits for the writing, and holds up every other request meanwhile: it is sent when all bytes are here,
 * or when none come for a while, which is how a broken connection shows.
 */
import { Socket } from 'node:net';

/** Milliseconds without a byte after which the proxy is asked whether it went wrong. */
const STALL = 1000;

export class ProxyPipe {
  readonly #socket: Socket;
  readonly #finish: () => Promise<void>;
  #finished: Promise<void> | undefined;

  /** Takes over the descriptor. `finish` sends FinishPipe, and rejects with what went wrong on the other side. */
  constructor(descriptor: number, finish: () => Promise<void>) {
    this.#socket = new Socket({ fd: descriptor, readable: true, writable: false });
    this.#finish = finish;
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

  /** Only time spent waiting for bytes counts: the reader may take as long as it likes. */
  async #next(pieces: AsyncIterator<Buffer>): Promise<Buffer | undefined> {
    const timer = setTimeout(() => this.#finishOnce(), STALL);
    try {
      const { value, done } = await pieces.next();
      return done === true ? undefined : value;
    } finally {
      clearTimeout(timer);
    }
  }

  /** Reads no more. What the proxy says of a pipe that was not read to its end is of no interest. */
  end(): void {
    this.#socket.destroy();
    this.#finishOnce().catch(() => {});
  }

  #finishOnce(): Promise<void> {
    this.#finished ??= this.#finish();
    // It may fail before anyone waits for it.
    this.#finished.catch(() => {});
    return this.#finished;
  }
}
