/** Verifies the objects of a tar stream before its bytes leave. */
import { readAhead } from '../base/read-ahead.ts';
import { Thread } from '../base/thread.ts';
import type { LaterReads } from './later-reads.ts';
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
 * shared with that thread, which reads the files of `later` into it.
 */
export async function* verifiedAhead(
  pieces: AsyncIterable<CheckedPiece>,
  memory: PieceMemory,
  later: LaterReads,
): AsyncGenerator<Buffer> {
  const thread: VerifyThread = new Thread(import.meta.url, './verify-thread');
  try {
    for await (const { bytes, verified } of readAhead(sendTo(thread, pieces), AHEAD)) {
      later.close(await verified);
      yield bytes;
      memory.give(bytes);
    }
  } finally {
    await thread.close();
    later.closeAll();
  }
}

type VerifyThread = Thread<VerifyRequest, readonly number[]>;
type SentPiece = { readonly bytes: Buffer; readonly verified: Promise<readonly number[]> };

async function* sendTo(thread: VerifyThread, pieces: AsyncIterable<CheckedPiece>): AsyncGenerator<SentPiece> {
  for await (const piece of pieces) {
    const verified = thread.call(piece, [piece.checks.buffer as ArrayBuffer]);
    // The consumer gets the error when it comes to this piece.
    verified.catch(() => {});
    yield { bytes: piece.bytes, verified };
  }
}
