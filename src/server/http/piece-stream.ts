/**
 * Streams of answers: pieces of at most {@link PIECE_BYTES}, and the next one is asked for when the network has
 * taken the one before. However many clients stall, each costs the server one piece.
 */
import { Readable } from 'node:stream';

export const PIECE_BYTES: number = 64 * 1024;

/** Streams a generator and ends it when the stream is closed. */
export function pieceStream(pieces: AsyncGenerator<Buffer>): Readable {
  return new Readable({
    // With any other mark the stream reads ahead.
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
