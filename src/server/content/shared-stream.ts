/**
 * Shares one source of bytes among readers that arrive at about the same time, without a file.
 *
 * The fastest reader pulls from the source. The last `windowBytes` stay in memory: a reader can join while
 * the first byte is still in the window; a reader that falls behind the window reopens the source and skips
 * the bytes it has had, so that a slow client neither blocks the others nor grows memory. So a source must
 * give the same bytes every time it is opened. A reader that disconnects does not affect the others; the
 * source is closed when the last one leaves.
 */
import type { Readable } from 'node:stream';
import { pieceStream } from '../http/piece-stream.ts';

export type OpenSource = () => AsyncGenerator<Buffer>;

export class SharedStream {
  readonly #open: OpenSource;
  readonly #windowBytes: number;
  readonly #onClosed: () => void;
  readonly #source: AsyncGenerator<Buffer>;
  readonly #pieces: Buffer[] = [];
  /** Index of the first piece still in memory. */
  #first = 0;
  #held = 0;
  #readers = 0;
  #state: 'open' | 'ended' | 'failed' | 'closed' = 'open';
  #failure: unknown;
  #advancing: Promise<void> | undefined;

  /** `onClosed` is called once, when no reader can join any more. */
  constructor(open: OpenSource, windowBytes: number, onClosed: () => void) {
    this.#open = open;
    this.#windowBytes = windowBytes;
    this.#onClosed = onClosed;
    this.#source = open();
  }

  /** A stream from the first byte on; undefined if that has left the window. */
  join(): Readable | undefined {
    if (!this.#joinable) return undefined;
    this.#readers += 1;
    const stream = pieceStream(this.#read());
    stream.once('close', () => this.#leave());
    return stream;
  }

  get #joinable(): boolean {
    return this.#first === 0 && (this.#state === 'open' || this.#state === 'ended');
  }

  async *#read(): AsyncGenerator<Buffer> {
    let sent = 0;
    for (let index = 0; index >= this.#first; ) {
      const piece = this.#pieces[index - this.#first];
      if (piece !== undefined) {
        index += 1;
        sent += piece.length;
        yield piece;
      } else if (this.#state === 'ended') return;
      else if (this.#state === 'failed') throw this.#failure;
      else await this.#advance();
    }
    yield* skipBytes(this.#open(), sent);
  }

  /** Pulls the next piece, once for all waiting readers. */
  #advance(): Promise<void> {
    this.#advancing ??= this.#pull().finally(() => {
      this.#advancing = undefined;
    });
    return this.#advancing;
  }

  async #pull(): Promise<void> {
    const wasJoinable = this.#joinable;
    try {
      const next = await this.#source.next();
      if (next.done === true) this.#state = 'ended';
      else this.#keep(next.value);
    } catch (error) {
      this.#failure = error;
      this.#state = 'failed';
    }
    if (wasJoinable && !this.#joinable) this.#onClosed();
  }

  #keep(piece: Buffer): void {
    this.#pieces.push(piece);
    this.#held += piece.length;
    while (this.#held > this.#windowBytes && this.#pieces.length > 1) {
      this.#held -= (this.#pieces.shift() as Buffer).length;
      this.#first += 1;
    }
  }

  #leave(): void {
    this.#readers -= 1;
    if (this.#readers > 0) return;
    const wasJoinable = this.#joinable;
    this.#state = 'closed';
    if (wasJoinable) this.#onClosed();
    void this.#source.return(undefined).catch(() => {});
  }
}

/** The pieces without their first `count` bytes. */
export async function* skipBytes(pieces: AsyncIterable<Buffer>, count: number): AsyncGenerator<Buffer> {
  let left = count;
  for await (const piece of pieces) {
    if (piece.length > left) yield piece.subarray(left);
    left = Math.max(0, left - piece.length);
  }
}
