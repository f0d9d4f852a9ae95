/**
 * Walks the tree of a commit in ostree's order: the files of a directory, then its subdirectories, each
 * sorted by the bytes of their names. Metadata is verified on the way, so that a walk always ends.
 */
import type { Checksum } from './checksum.ts';
import type { Dirtree } from './dirtree.ts';
import { loadCommitObject, loadDirtree } from './load.ts';
import { formatObjectName, type ObjectName } from './object-name.ts';
import type { ObjectSource } from './object-source.ts';

export type TreeVisit =
  | {
      readonly kind: 'directory';
      readonly path: string;
      readonly tree: Checksum;
      readonly meta: Checksum;
      readonly entries: Dirtree;
    }
  | { readonly kind: 'file'; readonly path: string; readonly checksum: Checksum };

/** What a walk reads. */
export type MetadataSource = Pick<ObjectSource, 'metadata'>;

export type TreeRoot = { readonly tree: Checksum; readonly meta: Checksum };

/**
 * Yields the root directory (path `/`), then everything below it. A directory comes before its content.
 * Paths start with `/`.
 */
export async function* walkTree(
  source: MetadataSource,
  root: TreeRoot,
  path = '/',
): AsyncGenerator<TreeVisit> {
  const entries = await loadDirtree(source, root.tree);
  yield { kind: 'directory', path, tree: root.tree, meta: root.meta, entries };
  const prefix = path === '/' ? '/' : `${path}/`;
  for (const { name, checksum } of entries.files) yield { kind: 'file', path: prefix + name, checksum };
  for (const { name, tree, meta } of entries.directories)
    yield* walkTree(source, { tree, meta }, prefix + name);
}

/** The files of {@link walkTree} alone. */
export async function* filesBelow(
  source: MetadataSource,
  root: TreeRoot,
  path = '/',
): AsyncGenerator<TreeVisit & { readonly kind: 'file' }> {
  for await (const visit of walkTree(source, root, path)) {
    if (visit.kind === 'file') yield visit;
  }
}

/** `<checksum>.<type>` of the objects that a walk has met. */
export type SeenObjects = Set<string>;

/**
 * Every object a commit needs, each once: the commit, its dirtrees and dirmetas, its content objects.
 * Equal subtrees are entered once. Detached metadata and parent commits are not part of it. What is in `seen`, and
 * what is below it, is left out.
 */
export async function* reachableObjects(
  source: MetadataSource,
  commit: Checksum,
  seen: SeenObjects = new Set(),
): AsyncGenerator<ObjectName> {
  const { rootTree, rootMeta } = await loadCommitObject(source, commit);
  const commitName: ObjectName = { type: 'commit', checksum: commit };
  if (meetFirst(seen, commitName)) yield commitName;
  yield* reachableFromTree(source, { tree: rootTree, meta: rootMeta }, seen);
}

/** The same for a directory: its dirmeta, its dirtree and all that is below. */
export async function* reachableFromTree(
  source: MetadataSource,
  root: TreeRoot,
  seen: SeenObjects = new Set(),
): AsyncGenerator<ObjectName> {
  const pending: TreeRoot[] = [root];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const meta: ObjectName = { type: 'dirmeta', checksum: next.meta };
    if (meetFirst(seen, meta)) yield meta;
    const tree: ObjectName = { type: 'dirtree', checksum: next.tree };
    if (!meetFirst(seen, tree)) continue;
    yield tree;
    const entries = await loadDirtree(source, next.tree);
    for (const { checksum } of entries.files) {
      const file: ObjectName = { type: 'file', checksum };
      if (meetFirst(seen, file)) yield file;
    }
    pending.push(...entries.directories);
  }
}

/** Notes an object as met; true if it was not met before. */
export function meetFirst(seen: SeenObjects, name: ObjectName): boolean {
  const before = seen.size;
  return seen.add(formatObjectName(name)).size > before;
}
