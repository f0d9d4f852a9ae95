/**
 * Chunks: the content objects of one layer, each with the paths at which the layer links it.
 * Metadata objects are not in chunks; all of them are in the ostree layer.
 */
import type { Checksum } from '../ostree/checksum.ts';
import { parseCommit } from '../ostree/commit.ts';
import type { ObjectSource } from '../ostree/object-source.ts';
import { walkTree } from '../ostree/walk.ts';
import type { OwnersOfWalk } from './directory-owners.ts';

export type Chunk = {
  /** For people: the layer's history entry, except that of the ostree layer. */
  readonly name: string;
  /** Content objects to their absolute paths in the commit, in the order of the walk. */
  readonly objects: ChunkObjects;
  /** Names of the components in it, which the annotation `ostree.components` lists; without commas. */
  readonly packages: readonly string[];
};

/** The part of a chunk that is exported. */
export type ChunkContent = Pick<Chunk, 'objects'>;

export type ChunkObjects = ReadonlyMap<Checksum, readonly string[]>;

/**
 * Every content object of a commit with all its paths: the chunk of an image that is not chunked. `owners`
 * receives the directories, so that no second walk is needed.
 */
export async function commitObjects(
  source: ObjectSource,
  commit: Checksum,
  owners?: OwnersOfWalk,
): Promise<ChunkObjects> {
  const { rootTree, rootMeta } = parseCommit(await source.metadata('commit', commit));
  const objects = new Map<Checksum, string[]>();
  for await (const visit of walkTree(source, { tree: rootTree, meta: rootMeta })) {
    if (visit.kind === 'directory') {
      await owners?.add(visit);
      continue;
    }
    const paths = objects.get(visit.checksum);
    if (paths === undefined) objects.set(visit.checksum, [visit.path]);
    else paths.push(visit.path);
  }
  return objects;
}
