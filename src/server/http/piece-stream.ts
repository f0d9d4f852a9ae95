/**
 * Response streams without read-ahead: pieces of at most {@link PIECE_BYTES}, and the next one is pulled when
 * the socket has taken the previous one, so that a stalled client costs the server one piece.
 */
import { Readable } from 'node:stream';

export const PIECE_BYTES: number = 64 * 1024;

export abstract class PacedStream extends Readable {
  /**
   * Set before the first read if the consumer is done with a piece when it takes the next (send.ts). Then a
   * source may use one buffer for all.
   */
  reusesMemory = false;

  constructor() {
    // Any other mark makes the stream read ahead.
    super({ highWaterMark: 0 });
  }
}

export class PieceStream extends PacedStream {
  readonly #pieces: AsyncGenerator<Buffer>;

  constructor(pieces: AsyncGenerator<Buffer>) {
    super();
    this.#pieces = pieces;
  }

  override _read(): void {
    this.#pieces.next().then(
      ({ done, value }) => this.push(done === true ? null : value),
      (error) => this.destroy(error),
    );
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    void this.#pieces.return(undefined).catch(() => {});
    done(error);
  }
}

/** Streams a generator, which is returned when the stream closes. */
export function pieceStream(pieces: AsyncGenerator<Buffer>): PieceStream {
  return new PieceStream(pieces);
}
