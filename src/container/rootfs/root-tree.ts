/**
 * A root filesystem in memory, from wherever it was read: directories, links, and files whose bytes are on
 * disk. It holds what a commit records of each entry, and is changed by making new nodes.
 *
 * Names of a hard link are one {@link RootFile}, so that its bytes are read once.
 */
import type { FileHeader } from '../../ostree/file-header.ts';
import type { Xattr } from '../../ostree/xattrs.ts';
import type { FilePlace } from './file-place.ts';

export type RootAttributes = {
  readonly uid: number;
  readonly gid: number;
  /** With the file type bits. */
  readonly mode: number;
  readonly xattrs: readonly Xattr[];
};

export type RootFile = RootAttributes & {
  readonly kind: 'file';
  readonly size: number;
  readonly place: FilePlace;
};
export type RootSymlink = RootAttributes & { readonly kind: 'symlink'; readonly target: string };
export type RootDirectory = RootAttributes & {
  readonly kind: 'directory';
  readonly entries: ReadonlyMap<string, RootNode>;
};
export type RootNode = RootFile | RootSymlink | RootDirectory;

export type RootTree = {
  readonly root: RootDirectory;
  /** Seconds since 1970: when the root directory was changed last. */
  readonly changed: number;
  /** What was left out, one line each. */
  readonly notes: readonly string[];
};

/** The node at `path`, without a leading slash; no link is followed. */
export function nodeAt(root: RootDirectory, path: string): RootNode | undefined {
  let node: RootNode | undefined = root;
  for (const name of path.split('/')) node = node?.kind === 'directory' ? node.entries.get(name) : undefined;
  return node;
}

/** The directory with some of its entries replaced, or removed if undefined. */
export function withEntries(
  directory: RootDirectory,
  changes: Readonly<Record<string, RootNode | undefined>>,
): RootDirectory {
  const entries = new Map(directory.entries);
  for (const [name, node] of Object.entries(changes)) {
    if (node === undefined) entries.delete(name);
    else entries.set(name, node);
  }
  return { ...directory, entries };
}

export type VisitedNode = { readonly path: string; readonly node: RootNode };

/** Every node, a directory before its entries; the root's path is `/`. */
export function* nodesOf(root: RootNode, path = '/'): Generator<VisitedNode> {
  const pending: VisitedNode[] = [{ path, node: root }];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    yield next;
    if (next.node.kind !== 'directory') continue;
    const prefix = next.path === '/' ? '/' : `${next.path}/`;
    for (const [name, node] of next.node.entries) pending.push({ path: prefix + name, node });
  }
}

/** The header of a content object; `xattrs` serialized. */
export function headerOf(node: RootFile | RootSymlink, xattrs: Uint8Array): FileHeader {
  const { uid, gid, mode } = node;
  return { uid, gid, mode, target: node.kind === 'symlink' ? node.target : '', xattrs };
}
