/** Errors about entries of tar streams say at which byte the entry begins. */
import { isTreeportError, TreeportError } from '../base/errors.ts';

/** The error, with where its header is; after the last entry this is the first block of zeros. */
export function placedFault({ code, message, cause }: TreeportError, header: number): TreeportError {
  return new TreeportError(code, `${message} (entry at byte ${header}, uncompressed)`, { cause });
}

/** Does the work with an entry. The entry's data gives errors of the stream (ERR_TAR) their place itself. */
export async function withPlacedFaults<T>(header: number, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw placedObjectFault(error, header);
  }
}

/** The same for a stream that is read later. */
export async function* placedStream<Piece>(
  stream: AsyncIterable<Piece>,
  header: number,
): AsyncGenerator<Piece> {
  try {
    yield* stream;
  } catch (error) {
    throw placedObjectFault(error, header);
  }
}

function placedObjectFault(error: unknown, header: number): unknown {
  const isUnplaced = isTreeportError(error, 'ERR_TAR_OBJECT') || isTreeportError(error, 'ERR_OBJECT_CORRUPT');
  return isUnplaced ? placedFault(error, header) : error;
}
