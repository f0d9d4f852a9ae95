/**
 * Writes the streams that begin with a commit: the whole commit in one tar, and layer 0 of an image. They
 * start with the root directory and the empty repository.
 *
 * Objects are verified while they are written. A missing or corrupt object ends the stream with an error
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
import { TarWriter } from './writer.ts';

/** The commit as one stream, files in the order of the tree: what `treeport tar export` writes. */
export async function* exportCommit(source: ObjectSource, commit: Checksum): AsyncGenerator<Buffer> {
  const writer = new TarWriter();
  yield* writeCommit(writer, source, commit, true);
  yield* writer.end();
}

/**
 * Layer 0 of an image: the commit without its files, then the objects that no component layer has. In an
 * image without chunks these are all objects, see {@link commitObjects}.
 */
export async function* exportOstreeLayer(
  source: ObjectSource,
  commit: Checksum,
  remainder: ChunkContent,
  options: ChunkOptions = {},
): AsyncGenerator<Buffer> {
  const writer = new TarWriter();
  yield* writeCommit(writer, source, commit, false);
  yield* writeChunk(writer, source, remainder, options);
  yield* writer.end();
}

async function* writeCommit(
  writer: TarWriter,
  source: ObjectSource,
  checksum: Checksum,
  withFiles: boolean,
): AsyncGenerator<Buffer> {
  const bytes = await verifiedMetadata(source, 'commit', checksum);
  const commit = parseCommit(bytes);
  writer.directory('./', parseDirmeta(await verifiedMetadata(source, 'dirmeta', commit.rootMeta)));
  writer.repository();
  yield* new TreeExport(source, writer, { withFiles }).write(checksum, bytes, commit);
}
