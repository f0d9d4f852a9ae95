/**
 * Splits an archive into pieces: `NAME.001`, `NAME.002` and so on, each on the first of the media that has
 * room. A piece appears under its name when it is complete; pieces that are there already are kept.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat, statfs } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { writeFileAtomic } from '../../base/atomic-file.ts';
import { formatByteSize } from '../../base/byte-size.ts';
import { TreeportError } from '../../base/errors.ts';
import type { Digest } from '../../oci/model/descriptor.ts';
import { readPieceHeader } from './find-pieces.ts';
import { encodePieceHeader, PIECE_HEADER_BYTES, type PieceHeader } from './piece-header.ts';
import { verifyPiece } from './verify-piece.ts';

export type SplitOptions = {
  /** The archive's name; its directory is the first medium. */
  readonly target: string;
  /** Bytes of a piece at most, its header included. */
  readonly size: number;
  /** Directories of more media. */
  readonly media: readonly string[];
  readonly manifest: Digest;
  /** Free bytes of a medium; as the file system says unless given. */
  readonly freeBytes?: (directory: string) => Promise<number>;
  readonly onPiece?: (path: string, isKept: boolean) => void;
};

export const SMALLEST_PIECE: number = 1024 * 1024;
const MOST_PIECES = 999;

type Place = { readonly directory: string; free: number };

/** ERR_DISK_FULL says how much is missing; then nothing was written. */
export async function splitArchive(archive: string, options: SplitOptions): Promise<void> {
  const { target, media, onPiece, freeBytes = freeBytesOf } = options;
  const headers = await planPieces(archive, options);
  const places: Place[] = [];
  for (const directory of [dirname(target), ...media])
    places.push({ directory, free: await freeBytes(directory) });
  const kept = new Map<number, string>();
  for (const header of headers) {
    const path = await findKept(header, target, places);
    if (path !== undefined) kept.set(header.number, path);
  }
  const missing = headers.filter(({ number }) => !kept.has(number));
  const chosen = placePieces(missing, places);
  for (const header of headers) {
    const path = kept.get(header.number);
    if (path !== undefined) {
      onPiece?.(path, true);
      continue;
    }
    const next = join(chosen.get(header.number) as string, pieceName(target, header.number));
    await writeFileAtomic(next, pieceBytes(archive, header));
    onPiece?.(next, false);
  }
}

export function pieceName(target: string, number: number): string {
  return `${basename(target)}.${String(number).padStart(3, '0')}`;
}

async function planPieces(
  archive: string,
  { size, manifest }: SplitOptions,
): Promise<readonly PieceHeader[]> {
  const { size: total } = await stat(archive);
  const room = size - PIECE_HEADER_BYTES;
  const count = Math.ceil(total / room);
  if (count > MOST_PIECES)
    throw new TreeportError(
      'ERR_USAGE',
      `the snapshot has ${formatByteSize(total)}, which would be ${count} pieces; ${MOST_PIECES} are the most`,
    );
  const headers: PieceHeader[] = [];
  for (let number = 1; number <= count; number += 1) {
    const offset = (number - 1) * room;
    const length = Math.min(room, total - offset);
    const hash = createHash('sha256');
    for await (const bytes of rangeOf(archive, offset, length)) hash.update(bytes);
    headers.push({ number, count, offset, length, total, manifest, sum: hash.digest('hex') });
  }
  return headers;
}

/** A piece that is there, whole and intact. */
async function findKept(
  header: PieceHeader,
  target: string,
  places: readonly Place[],
): Promise<string | undefined> {
  for (const { directory } of places) {
    const path = join(directory, pieceName(target, header.number));
    try {
      if ((await readPieceHeader(path))?.sum !== header.sum) continue;
      await verifyPiece(path);
      return path;
    } catch (error) {
      if (!(error instanceof TreeportError)) throw error;
    }
  }
  return undefined;
}

function placePieces(pieces: readonly PieceHeader[], places: readonly Place[]): ReadonlyMap<number, string> {
  const chosen = new Map<number, string>();
  const left = pieces.filter((piece) => {
    const bytes = piece.length + PIECE_HEADER_BYTES;
    const place = places.find(({ free }) => free >= bytes);
    if (place === undefined) return true;
    place.free -= bytes;
    chosen.set(piece.number, place.directory);
    return false;
  });
  if (left.length === 0) return chosen;
  const missing = left.reduce((sum, { length }) => sum + length + PIECE_HEADER_BYTES, 0);
  throw new TreeportError(
    'ERR_DISK_FULL',
    `${left.length} of ${pieces.length} pieces do not fit on ${places.map(({ directory }) => directory).join(', ')}: ${formatByteSize(missing)} are missing; nothing was written; name more media with --medium`,
  );
}

/** ERR_IO if a medium is not there; to be called before the archive is made. */
export async function checkMedia(media: readonly string[]): Promise<void> {
  for (const medium of media) await freeBytesOf(medium);
}

async function freeBytesOf(directory: string): Promise<number> {
  try {
    const { bavail, bsize } = await statfs(directory);
    return bavail * bsize;
  } catch (error) {
    throw new TreeportError('ERR_IO', `there is no medium at ${directory}`, { cause: error });
  }
}

async function* pieceBytes(archive: string, header: PieceHeader): AsyncGenerator<Uint8Array> {
  yield encodePieceHeader(header);
  yield* rangeOf(archive, header.offset, header.length);
}

function rangeOf(path: string, offset: number, length: number): AsyncIterable<Buffer> {
  return createReadStream(path, { start: offset, end: offset + length - 1, highWaterMark: 1024 * 1024 });
}
