/** Finds the pieces of an archive in the directories of media, in any order. */
import { open, readdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { errnoOf, messageOf, TreeportError } from '../../base/errors.ts';
import { decodePieceHeader, PIECE_HEADER_BYTES, type PieceHeader, pieceFault } from './piece-header.ts';

export type Piece = PieceHeader & { readonly path: string };

/**
 * The pieces of the archive `target`, in its directory and in `media`; none if there are none. ERR_PIECE
 * names those that are missing, damaged or of another snapshot.
 */
export async function findPieces(target: string, media: readonly string[]): Promise<readonly Piece[]> {
  const found = new Map<number, Piece>();
  let first: Piece | undefined;
  for (const directory of new Set([dirname(target), ...media])) {
    for (const path of await candidates(directory, basename(target))) {
      const header = await readPieceHeader(path);
      if (header === undefined) continue;
      const piece = { ...header, path };
      first ??= piece;
      if (piece.manifest !== first.manifest || piece.total !== first.total || piece.count !== first.count)
        throw pieceFault(
          path,
          `it is of another snapshot (${piece.manifest}) than ${first.path} (${first.manifest})`,
        );
      if (!found.has(piece.number)) found.set(piece.number, piece);
    }
  }
  if (first === undefined) return [];
  const { count } = first;
  const missing = Array.from({ length: count }, (_, index) => index + 1).filter(
    (number) => !found.has(number),
  );
  if (missing.length > 0)
    throw new TreeportError(
      'ERR_PIECE',
      `of the ${count} pieces of ${target}, ${missing.length === 1 ? 'piece' : 'pieces'} ${missing.join(', ')} ${missing.length === 1 ? 'is' : 'are'} missing; name the directories of all media with --medium`,
    );
  return [...found.values()].toSorted((a, b) => a.number - b.number);
}

/** Undefined if there is no such file; ERR_PIECE if it is no piece or cut off. */
export async function readPieceHeader(path: string): Promise<PieceHeader | undefined> {
  try {
    await using file = await open(path, 'r');
    const { buffer, bytesRead } = await file.read(Buffer.alloc(PIECE_HEADER_BYTES), 0, PIECE_HEADER_BYTES, 0);
    const header = decodePieceHeader(buffer.subarray(0, bytesRead), path);
    const { size } = await file.stat();
    if (size === header.length + PIECE_HEADER_BYTES) return header;
    throw pieceFault(
      path,
      `it has ${size} bytes instead of ${header.length + PIECE_HEADER_BYTES}; copy it again`,
    );
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error instanceof TreeportError ? error : pieceFault(path, messageOf(error));
  }
}

async function candidates(directory: string, name: string): Promise<readonly string[]> {
  try {
    const names = await readdir(directory);
    return names
      .filter((file) => file.startsWith(`${name}.`) && /^\d{3}$/.test(file.slice(name.length + 1)))
      .toSorted()
      .map((file) => join(directory, file));
  } catch (error) {
    throw new TreeportError('ERR_IO', `cannot read the medium ${directory}: ${messageOf(error)}`, {
      cause: error,
    });
  }
}
