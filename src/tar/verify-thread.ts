/** Entry point of the thread that verifies the objects of one tar stream, piece by piece. */
import { answerCalls } from '../base/answer-calls.ts';
import { asBuffer } from '../base/bytes.ts';
import { type CheckedPiece, PieceVerifier } from './piece-checks.ts';

/** A piece as it arrives: Buffers become plain arrays on their way. */
export type VerifyRequest = { readonly [Field in keyof CheckedPiece]: Uint8Array };

const verifier = new PieceVerifier();

answerCalls(({ bytes, checks }: VerifyRequest): void => {
  verifier.verify({ bytes: asBuffer(bytes), checks: asBuffer(checks) });
});
