/**
 * Walks the tree of a commit in ostree's order: the files of a directory, then its subdirectories, each
 * sorted by the bytes of their names. Metadata is verified, so a walk always terminates.
 */
import type { Checksum } from './checksum.ts';
import type { DirtreeReader } from './dirtree.ts';
import { loadCommitObject, openDirtree } from './load.ts';
import { formatObjectName, type ObjectName } from './object-name.ts';
import type { NameSet } from './object-names.ts';
import type { MetadataSource } from './object-source.ts';
import type { TreeLevels } from './tree-levels.ts';
import { distinctDirectories, type TreeRoot, TreeRoots, treesOf } from './tree-roots.ts';

export type TreeVisit =
  | {
      readonly kind: 'directory';
      readonly path: string;
      readonly tree: Checksum;
      readonly meta: Checksum;
    }
  | { readonly kind: 'file'; readonly path: string; readonly checksum: Checksum };

/**
 * Yields the root directory (path `/`), then everything below it. A directory comes before its content.
 * Paths start with `/`.
 */
export async function* walkTree(
  source: MetadataSource,
  root: TreeRoot,
  path = '/',
): AsyncGenerator<TreeVisit> {
  const levels: TreeLevel[] = [];
  for (let next: PlacedTree | undefined = { ...root, path }; next !== undefined; next = nextTree(levels)) {
    const { tree, meta, path } = next;
    const entries = await openDirtree(source, tree);
    yield { kind: 'directory', path, tree, meta };
    const prefix = path === '/' ? '/' : `${path}/`;
    for (const { name, checksum } of entries.files()) yield { kind: 'file', path: prefix + name, checksum };
    levels.push({ prefix, directories: entries, next: 0 });
  }
}

export type PlacedTree = TreeRoot & { readonly path: string };

/** An open directory of a walk. Walks iterate, because trees may be deeper than the call stack. */
export type TreeLevel = {
  /** Its path followed by `/`. */
  readonly prefix: string;
  readonly directories: Pick<DirtreeReader, 'directory' | 'directoryCount'>;
  /** Index of the subdirectory to enter next. */
  next: number;
};

/** The next directory of a walk in order; pops finished levels. */
export function nextTree(levels: TreeLevel[]): PlacedTree | undefined {
  for (let last = levels.at(-1); last !== undefined; last = levels.at(-1)) {
    if (last.next < last.directories.directoryCount) {
      const { tree, meta, name } = last.directories.directory(last.next);
      last.next += 1;
      return { tree, meta, path: last.prefix + name };
    }
    levels.pop();
  }
  return undefined;
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

/** Names of the objects that a walk has seen, if they are few enough for a Set; else ObjectNames. */
export type SeenObjects = Set<string>;

/**
 * Every object a commit needs, each once: the commit, its dirtrees and dirmetas, its content objects. Equal
 * subtrees are entered once. Detached metadata and parent commits are not included. Objects in `seen`, and
 * everything below them, are skipped. `levels` records the dirtrees.
 */
export async function* reachableObjects(
  source: MetadataSource,
  commit: Checksum,
  seen: NameSet = new Set(),
  levels?: TreeLevels,
): AsyncGenerator<ObjectName> {
  const { rootTree, rootMeta } = await loadCommitObject(source, commit);
  const commitName: ObjectName = { type: 'commit', checksum: commit };
  if (meetFirst(seen, commitName)) yield commitName;
  yield* reachableFromTree(source, { tree: rootTree, meta: rootMeta }, seen, levels);
}

/** Like {@link reachableObjects} for a directory: its dirmeta, its dirtree and everything below. */
export async function* reachableFromTree(
  source: MetadataSource,
  root: TreeRoot,
  seen: NameSet = new Set(),
  levels?: TreeLevels,
): AsyncGenerator<ObjectName> {
  const pending = new TreeRoots();
  pending.push(root);
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const meta: ObjectName = { type: 'dirmeta', checksum: next.meta };
    if (meetFirst(seen, meta)) yield meta;
    const tree: ObjectName = { type: 'dirtree', checksum: next.tree };
    if (!meetFirst(seen, tree)) continue;
    yield tree;
    const entries = await openDirtree(source, next.tree);
    for (const { checksum } of entries.files()) {
      const file: ObjectName = { type: 'file', checksum };
      if (meetFirst(seen, file)) yield file;
    }
    const children = distinctDirectories(entries);
    for (const child of children) pending.push(child);
    levels?.add(next.tree, treesOf(children));
  }
}

/** Marks an object as seen; true if it was not before. */
export function meetFirst(seen: NameSet, name: ObjectName): boolean {
  const before = seen.size;
  seen.add(formatObjectName(name));
  return seen.size > before;
}
