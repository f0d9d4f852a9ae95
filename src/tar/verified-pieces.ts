/** Verifies the objects of a tar stream before its bytes leave. */
import { readAhead } from '../base/read-ahead.ts';
import { Thread } from '../base/thread.ts';
import { type CheckedPiece, PieceVerifier } from './piece-checks.ts';
import type { PieceMemory } from './piece-memory.ts';
import type { VerifyRequest } from './verify-thread.ts';

/** Pieces that are read while earlier ones are verified and written. */
const AHEAD = 4;

/** The bytes of the pieces; throws ERR_OBJECT_CORRUPT instead of passing on the end of a corrupt object. */
export async function* verifiedPieces(
  pieces: AsyncIterable<CheckedPiece>,
  memory: PieceMemory,
): AsyncGenerator<Buffer> {
  const verifier = new PieceVerifier();
  for await (const piece of pieces) {
    verifier.verify(piece);
    yield piece.bytes;
    memory.give(piece.bytes);
  }
}

/**
 * Like {@link verifiedPieces}, on a thread of its own and a few pieces ahead of the consumer. The memory is
 * shared with that thread.
 */
export async function* verifiedAhead(
  pieces: AsyncIterable<CheckedPiece>,
  memory: PieceMemory,
): AsyncGenerator<Buffer> {
  const thread = new Thread<VerifyRequest, void>(import.meta.url, './verify-thread');
  try {
    for await (const { bytes, verified } of readAhead(sendTo(thread, pieces), AHEAD)) {
      await verified;
      yield bytes;
      memory.give(bytes);
    }
  } finally {
    await thread.close();
  }
}

type SentPiece = { readonly bytes: Buffer; readonly verified: Promise<void> };

async function* sendTo(
  thread: Thread<VerifyRequest, void>,
  pieces: AsyncIterable<CheckedPiece>,
): AsyncGenerator<SentPiece> {
  for await (const piece of pieces) {
    const verified = thread.call(piece, [piece.checks.buffer as ArrayBuffer]);
    // The consumer gets the error when it comes to this piece.
    verified.catch(() => {});
    yield { bytes: piece.bytes, verified };
  }
}
