/**
 * Entry point of the thread that reads files into the pieces of one tar stream and verifies its objects,
 * piece by piece. Answers with the descriptors of the files that end in the piece.
 */
import { answerCalls } from '../base/answer-calls.ts';
import { asBuffer } from '../base/bytes.ts';
import { type CheckedPiece, PieceVerifier } from './piece-checks.ts';

/** A piece as it arrives: Buffers become plain arrays on their way. */
export type VerifyRequest = { readonly [Field in keyof CheckedPiece]: Uint8Array };

const verifier = new PieceVerifier();

answerCalls(({ bytes, checks }: VerifyRequest): readonly number[] =>
  verifier.verify({ bytes: asBuffer(bytes), checks: asBuffer(checks) }),
);
