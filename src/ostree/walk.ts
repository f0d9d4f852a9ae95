/**
 * Walks the tree of a commit in ostree's order: the files of a directory, then its subdirectories, each
 * sorted by the bytes of their names. Metadata is verified on the way, so that a walk always ends.
 */
import type { Checksum } from './checksum.ts';
import type { Dirtree } from './dirtree.ts';
import { loadCommitObject, loadDirtree } from './load.ts';
import type { ObjectName } from './object-name.ts';
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

export type TreeRoot = { readonly tree: Checksum; readonly meta: Checksum };

/**
 * Yields the root directory (path `/`), then everything below it. A directory comes before its content.
 * Paths start with `/`.
 */
export async function* walkTree(source: ObjectSource, root: TreeRoot, path = '/'): AsyncGenerator<TreeVisit> {
  const entries = await loadDirtree(source, root.tree);
  yield { kind: 'directory', path, tree: root.tree, meta: root.meta, entries };
  const prefix = path === '/' ? '/' : `${path}/`;
  for (const { name, checksum } of entries.files) yield { kind: 'file', path: prefix + name, checksum };
  for (const { name, tree, meta } of entries.directories)
    yield* walkTree(source, { tree, meta }, prefix + name);
}

/**
 * Every object a commit needs, each once: the commit, its dirtrees and dirmetas, its content objects.
 * Equal subtrees are entered once. Detached metadata and parent commits are not part of it.
 */
export async function* reachableObjects(
  source: ObjectSource,
  commit: Checksum,
  seen: Set<string> = new Set(),
): AsyncGenerator<ObjectName> {
  const fresh = (name: ObjectName): boolean => {
    const key = `${name.checksum}.${name.type}`;
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  };
  const { rootTree, rootMeta } = await loadCommitObject(source, commit);
  const pending: TreeRoot[] = [{ tree: rootTree, meta: rootMeta }];
  const commitName: ObjectName = { type: 'commit', checksum: commit };
  if (fresh(commitName)) yield commitName;
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const meta: ObjectName = { type: 'dirmeta', checksum: next.meta };
    if (fresh(meta)) yield meta;
    const tree: ObjectName = { type: 'dirtree', checksum: next.tree };
    if (!fresh(tree)) continue;
    yield tree;
    const entries = await loadDirtree(source, next.tree);
    for (const { checksum } of entries.files) {
      const file: ObjectName = { type: 'file', checksum };
      if (fresh(file)) yield file;
    }
    pending.push(...entries.directories);
  }
}
