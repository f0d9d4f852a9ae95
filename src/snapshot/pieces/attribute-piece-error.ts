/**
 * Attributes damage to a piece: readers of an archive in pieces find a blob or a tar that is damaged, and
 * people need to know which medium that is on.
 */
import type { ErrorCode } from '../../base/error-codes.ts';
import { isTreeportError } from '../../base/errors.ts';
import type { Piece } from './find-pieces.ts';
import { verifyPiece } from './verify-piece.ts';

/** What damaged bytes may look like. */
const DAMAGE: readonly ErrorCode[] = [
  'ERR_BLOB_CORRUPT',
  'ERR_BLOB_MISSING',
  'ERR_IMAGE_MISSING',
  'ERR_IMAGE_UNSUPPORTED',
  'ERR_JSON',
  'ERR_OBJECT_CORRUPT',
  'ERR_SNAPSHOT',
  'ERR_TAR',
  'ERR_TAR_OBJECT',
];

/** Runs `work`. If it fails of damage, all pieces are read, and ERR_PIECE names the first damaged one. */
export async function attributePieceError<T>(pieces: readonly Piece[], work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (DAMAGE.some((code) => isTreeportError(error, code)))
      for (const { path } of pieces) await verifyPiece(path);
    throw error;
  }
}
