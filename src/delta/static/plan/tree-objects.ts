/** The objects of a commit with their paths. */
import type { Checksum } from '../../../ostree/checksum.ts';
import { loadCommitObject, openDirtree } from '../../../ostree/load.ts';
import type { HashedMetadataType } from '../../../ostree/object-name.ts';
import type { MetadataSource } from '../../../ostree/object-source.ts';
import type { TreeRoot } from '../../../ostree/tree-roots.ts';
import {
  meetFirst,
  nextTree,
  type PlacedTree,
  type SeenObjects,
  type TreeLevel,
  walkTree,
} from '../../../ostree/walk.ts';

export type PlacedObject = {
  readonly type: Exclude<HashedMetadataType, 'commit'> | 'file';
  readonly checksum: Checksum;
  /** The first of its paths in the order of a walk. */
  readonly path: string;
};

export type OldTree = {
  readonly objects: SeenObjects;
  readonly files: ReadonlyMap<string, Checksum>;
};

/** Everything below the root of `commit`. */
export async function readOldTree(source: MetadataSource, commit: Checksum): Promise<OldTree> {
  const objects: SeenObjects = new Set();
  const files = new Map<string, Checksum>();
  for await (const visit of walkTree(source, await rootOf(source, commit))) {
    if (visit.kind === 'file') {
      files.set(visit.path, visit.checksum);
      meetFirst(objects, { type: 'file', checksum: visit.checksum });
    } else {
      meetFirst(objects, { type: 'dirtree', checksum: visit.tree });
      meetFirst(objects, { type: 'dirmeta', checksum: visit.meta });
    }
  }
  return { objects, files };
}

/** The objects of `commit` without itself and those in `known`; adds them to `known`. */
export async function* newObjects(
  source: MetadataSource,
  commit: Checksum,
  known: SeenObjects,
): AsyncGenerator<PlacedObject> {
  const levels: TreeLevel[] = [];
  const root: PlacedTree = { ...(await rootOf(source, commit)), path: '/' };
  for (let next: PlacedTree | undefined = root; next !== undefined; next = nextTree(levels)) {
    const { tree, meta, path } = next;
    const placedMeta: PlacedObject = { type: 'dirmeta', checksum: meta, path };
    if (meetFirst(known, placedMeta)) yield placedMeta;
    const placedTree: PlacedObject = { type: 'dirtree', checksum: tree, path };
    // Everything below a known dirtree is known.
    if (!meetFirst(known, placedTree)) continue;
    yield placedTree;
    const entries = await openDirtree(source, tree);
    const prefix = path === '/' ? '/' : `${path}/`;
    for (const { name, checksum } of entries.files()) {
      const file: PlacedObject = { type: 'file', checksum, path: prefix + name };
      if (meetFirst(known, file)) yield file;
    }
    levels.push({ prefix, directories: entries, next: 0 });
  }
}

async function rootOf(source: MetadataSource, commit: Checksum): Promise<TreeRoot> {
  const { rootTree, rootMeta } = await loadCommitObject(source, commit);
  return { tree: rootTree, meta: rootMeta };
}
