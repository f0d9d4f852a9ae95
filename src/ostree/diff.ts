/**
 * Compares two trees by the rules of ostree-ext's diff: directories with the same dirtree are not entered, an
 * added or removed directory is one entry without its content, files differ if their ids do. Content objects
 * are not opened; diff-attributes.ts says how two nodes differ.
 *
 * Beyond those rules: the root directory counts too (`/`), and a path whose type changed between file and
 * directory is one changed file.
 */
import { compareBytes } from '../base/bytes.ts';
import { TreeportError } from '../base/errors.ts';
import type { Checksum } from './checksum.ts';
import type { Dirtree } from './dirtree.ts';
import { loadDirtree } from './load.ts';
import { lookUp } from './lookup.ts';
import type { ObjectSource } from './object-source.ts';
import type { Repository } from './repo/open.ts';
import { loadCommit, resolveRevision } from './revision.ts';
import type { TreeRoot } from './tree-roots.ts';

/** A regular file or symlink. */
export type FileNode = { readonly kind: 'file'; readonly checksum: Checksum };
export type DirectoryNode = { readonly kind: 'directory' } & TreeRoot;
export type DiffNode = FileNode | DirectoryNode;

/** Paths start with `/`. */
export type At<Node> = Node & { readonly path: string };
/** One path in both trees. */
export type Pair<Node> = { readonly path: string; readonly from: Node; readonly to: Node };

/** Each list is sorted by the bytes of the paths. */
export type TreeDiff = {
  readonly addedFiles: readonly At<FileNode>[];
  readonly addedDirs: readonly At<DirectoryNode>[];
  readonly removedFiles: readonly At<FileNode>[];
  readonly removedDirs: readonly At<DirectoryNode>[];
  /** One side may be a directory, if the type of the path changed. */
  readonly changedFiles: readonly Pair<DiffNode>[];
  /** Directories whose dirmeta differs. */
  readonly changedDirs: readonly Pair<DirectoryNode>[];
};

export type CommitDiff = TreeDiff & {
  readonly from: Checksum;
  readonly to: Checksum;
  /** The directory that paths are relative to, as given by the caller. */
  readonly subdir: string | undefined;
};

export type DiffOptions = { readonly subdir?: string };

/**
 * Compares two revisions, or what they have at `subdir`; ERR_PATH_MISSING unless both have a directory there.
 * Every dirtree that is read is verified.
 */
export async function diffCommits(
  repo: Repository,
  from: string,
  to: string,
  { subdir }: DiffOptions = {},
): Promise<CommitDiff> {
  const commits = { from: await resolveRevision(repo, from), to: await resolveRevision(repo, to) };
  const before = await directoryOf(repo, commits.from, subdir);
  const after = await directoryOf(repo, commits.to, subdir);
  return { ...commits, subdir, ...(await diffTrees(repo.objects, before, after)) };
}

async function directoryOf(repo: Repository, commit: Checksum, subdir = '/'): Promise<TreeRoot> {
  const { rootTree, rootMeta } = await loadCommit(repo, commit);
  const found = await lookUp(repo.objects, { tree: rootTree, meta: rootMeta }, subdir);
  if (found.kind === 'directory') return found;
  throw new TreeportError('ERR_PATH_MISSING', `${subdir} is not a directory in commit ${commit}`);
}

/** Compares two directories of one source. */
export async function diffTrees(source: ObjectSource, from: TreeRoot, to: TreeRoot): Promise<TreeDiff> {
  const found: Found = {
    addedFiles: [],
    addedDirs: [],
    removedFiles: [],
    removedDirs: [],
    changedFiles: [],
    changedDirs: [],
  };
  const pending: Pair<DirectoryNode>[] = [{ path: '/', from: directoryNode(from), to: directoryNode(to) }];
  for (let pair = pending.pop(); pair !== undefined; pair = pending.pop())
    await compareDirectories(source, pair, found, pending);
  return {
    addedFiles: byPath(found.addedFiles),
    addedDirs: byPath(found.addedDirs),
    removedFiles: byPath(found.removedFiles),
    removedDirs: byPath(found.removedDirs),
    changedFiles: byPath(found.changedFiles),
    changedDirs: byPath(found.changedDirs),
  };
}

type Found = { readonly [List in keyof TreeDiff]: TreeDiff[List][number][] };

/** Compares one directory; adds the subdirectories that both sides have to `pending`. */
async function compareDirectories(
  source: ObjectSource,
  pair: Pair<DirectoryNode>,
  found: Found,
  pending: Pair<DirectoryNode>[],
): Promise<void> {
  if (pair.from.meta !== pair.to.meta) found.changedDirs.push(pair);
  if (pair.from.tree === pair.to.tree) return;
  const before = nodesOf(await loadDirtree(source, pair.from.tree));
  const after = nodesOf(await loadDirtree(source, pair.to.tree));
  const prefix = pair.path === '/' ? '/' : `${pair.path}/`;
  for (const [name, from] of before) {
    const path = prefix + name;
    const to = after.get(name);
    if (to === undefined) addOneSided(found.removedFiles, found.removedDirs, path, from);
    else if (from.kind === 'directory' && to.kind === 'directory') pending.push({ path, from, to });
    else if (!isSameFile(from, to)) found.changedFiles.push({ path, from, to });
  }
  for (const [name, to] of after) {
    if (!before.has(name)) addOneSided(found.addedFiles, found.addedDirs, prefix + name, to);
  }
}

function addOneSided(files: At<FileNode>[], dirs: At<DirectoryNode>[], path: string, node: DiffNode): void {
  if (node.kind === 'file') files.push({ path, ...node });
  else dirs.push({ path, ...node });
}

function isSameFile(from: DiffNode, to: DiffNode): boolean {
  return from.kind === 'file' && to.kind === 'file' && from.checksum === to.checksum;
}

function nodesOf({ files, directories }: Dirtree): ReadonlyMap<string, DiffNode> {
  const nodes = new Map<string, DiffNode>();
  for (const { name, checksum } of files) nodes.set(name, { kind: 'file', checksum });
  for (const directory of directories) nodes.set(directory.name, directoryNode(directory));
  return nodes;
}

function directoryNode({ tree, meta }: TreeRoot): DirectoryNode {
  return { kind: 'directory', tree, meta };
}

function byPath<Entry extends { readonly path: string }>(entries: readonly Entry[]): readonly Entry[] {
  return entries.toSorted((a, b) => compareBytes(a.path, b.path));
}
