/**
 * Component layers: the empty repository again, then the chunk's objects in the order of their ids, each
 * followed by the links to it. "Format 2" writes, before a link, its parent directories that the layer does
 * not have yet.
 */
import type { Checksum } from '../ostree/checksum.ts';
import type { ObjectSource } from '../ostree/object-source.ts';
import type { ChunkContent, ChunkObjects } from './chunk.ts';
import type { DirectoryOwners } from './directory-owners.ts';
import { exportObject, writeLink } from './export-object.ts';
import { containerPath, isHidden } from './layout.ts';
import type { CheckedPiece } from './piece-checks.ts';
import { newPieces, type PieceMemory } from './piece-memory.ts';
import { verifiedPieces } from './verified-pieces.ts';
import { TarWriter } from './writer.ts';

export type ChunkOptions = {
  /** Selects format 2, with these owners and modes of parent directories. */
  readonly directories?: DirectoryOwners;
  /** The memory of the pieces; by default new for each. */
  readonly memory?: PieceMemory;
  /** Called after each object of the chunk. */
  readonly onObject?: () => void;
};

/** One component layer; errors as in {@link exportCommit}. */
export function exportChunk(
  source: ObjectSource,
  chunk: ChunkContent,
  { memory = newPieces, ...options }: ChunkOptions = {},
): AsyncGenerator<Buffer> {
  return verifiedPieces(chunkPieces(new TarWriter(memory), source, chunk, options), memory);
}

async function* chunkPieces(
  writer: TarWriter,
  source: ObjectSource,
  chunk: ChunkContent,
  options: ChunkOptions,
): AsyncGenerator<CheckedPiece> {
  writer.repository();
  yield* writeChunk(writer, source, chunk, options);
  yield* writer.end();
}

/** Only the objects and links. */
export async function* writeChunk(
  writer: TarWriter,
  source: ObjectSource,
  { objects }: ChunkContent,
  { directories, onObject }: ChunkOptions,
): AsyncGenerator<CheckedPiece> {
  const present = new Set<string>();
  for (const [checksum, paths] of sortedByChecksum(objects)) {
    const { entry, block } = yield* exportObject(writer, source, checksum);
    for (const path of paths) {
      const destination = containerPath(path.slice(1));
      if (isHidden(destination)) continue;
      if (directories !== undefined) writeParents(writer, destination, directories, present);
      writeLink(writer, destination, entry, block);
    }
    yield* writer.takeFull();
    onObject?.();
  }
}

function sortedByChecksum(objects: ChunkObjects): readonly (readonly [Checksum, readonly string[]])[] {
  return [...objects].sort(([a], [b]) => (a < b ? -1 : 1));
}

function writeParents(writer: TarWriter, path: string, owners: DirectoryOwners, present: Set<string>): void {
  for (let end = path.indexOf('/'); end !== -1; end = path.indexOf('/', end + 1)) {
    const parent = path.slice(0, end);
    const owner = owners.get(parent);
    if (owner === undefined || present.has(parent)) continue;
    present.add(parent);
    writer.directory(parent, owner);
  }
}
