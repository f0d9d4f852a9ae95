/**
 * Writes the streams that begin with a commit: the whole commit in one tar, and layer 0 of an image. They
 * start with the root directory and the empty repository.
 *
 * Objects are verified before they are passed on. A missing or corrupt object ends the stream with an error
 * (ERR_OBJECT_MISSING, ERR_OBJECT_CORRUPT, ERR_OBJECT_UNREADABLE) that names the object, before the end of
 * the tar archive.
 */
import type { Checksum } from '../ostree/checksum.ts';
import { parseCommit } from '../ostree/commit.ts';
import { parseDirmeta } from '../ostree/dirmeta.ts';
import { verifiedMetadata } from '../ostree/load.ts';
import type { ObjectSource } from '../ostree/object-source.ts';
import type { ChunkContent } from './chunk.ts';
import { type ChunkOptions, writeChunk } from './export-chunk.ts';
import { TreeExport } from './export-tree.ts';
import { LaterReads } from './later-reads.ts';
import type { CheckedPiece } from './piece-checks.ts';
import { newPieces, PiecePool } from './piece-memory.ts';
import { verifiedAhead, verifiedPieces } from './verified-pieces.ts';
import { TarWriter } from './writer.ts';

/** Few messages to the thread that verifies. */
const LARGE_PIECE_BYTES = 512 * 1024;

/** The commit as one stream, files in the order of the tree. */
export function exportCommit(source: ObjectSource, commit: Checksum): AsyncGenerator<Buffer> {
  return verifiedPieces(wholeCommit(new TarWriter(newPieces), source, commit), newPieces);
}

/**
 * Like {@link exportCommit}, with a thread that reads files and verifies: what `treeport tar export` writes.
 * A piece lasts until the next is requested.
 */
export function exportCommitAhead(source: ObjectSource, commit: Checksum): AsyncGenerator<Buffer> {
  const [memory, later] = [new PiecePool(LARGE_PIECE_BYTES), new LaterReads()];
  return verifiedAhead(wholeCommit(new TarWriter(memory, later), source, commit), memory, later);
}

/**
 * Layer 0 of an image: the commit without its files, then the objects that no component layer has. In an
 * image without chunks these are all objects, see {@link commitObjects}.
 */
export function exportOstreeLayer(
  source: ObjectSource,
  commit: Checksum,
  remainder: ChunkContent,
  { memory = newPieces, ...options }: ChunkOptions = {},
): AsyncGenerator<Buffer> {
  const writer = new TarWriter(memory);
  const pieces = async function* () {
    yield* writeCommit(writer, source, commit, false);
    yield* writeChunk(writer, source, remainder, options);
    yield* writer.end();
  };
  return verifiedPieces(pieces(), memory);
}

async function* wholeCommit(
  writer: TarWriter,
  source: ObjectSource,
  commit: Checksum,
): AsyncGenerator<CheckedPiece> {
  yield* writeCommit(writer, source, commit, true);
  yield* writer.end();
}

async function* writeCommit(
  writer: TarWriter,
  source: ObjectSource,
  checksum: Checksum,
  withFiles: boolean,
): AsyncGenerator<CheckedPiece> {
  const bytes = await verifiedMetadata(source, 'commit', checksum);
  const commit = parseCommit(bytes);
  writer.directory('./', parseDirmeta(await verifiedMetadata(source, 'dirmeta', commit.rootMeta)));
  writer.repository();
  yield* new TreeExport(source, writer, { withFiles }).write(checksum, bytes, commit);
}
