/**
 * Response streams without read-ahead: pieces of at most {@link PIECE_BYTES}, and the next one is pulled when
 * the socket has taken the previous one, so that a stalled client costs the server one piece.
 */
import { Readable } from 'node:stream';

export const PIECE_BYTES: number = 64 * 1024;

/** Streams a generator, which is returned when the stream closes. */
export function pieceStream(pieces: AsyncGenerator<Buffer>): Readable {
  return new Readable({
    // Any other mark makes the stream read ahead.
    highWaterMark: 0,
    read() {
      pieces.next().then(
        ({ done, value }) => this.push(done === true ? null : value),
        (error) => this.destroy(error),
      );
    },
    destroy(error, callback) {
      void pieces.return(undefined).catch(() => {});
      callback(error);
    },
  });
}
