/** Commits of made-up systems, for tests of package databases: trees given by their paths. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { gunzipSync } from 'node:zlib';
import type { Checksum } from '../../src/ostree/checksum.ts';
import type { Commit } from '../../src/ostree/commit.ts';
import {
  type CommitOptions,
  commitTree,
  type TreeDirectory,
  type TreeNode,
} from '../../src/ostree/commit-tree.ts';
import type { ObjectSource } from '../../src/ostree/object-source.ts';
import { ArchiveWriter } from '../../src/ostree/repo/archive-writer.ts';
import { openRepository } from '../../src/ostree/repo/open.ts';
import { loadCommit } from '../../src/ostree/revision.ts';
import type { Xattr } from '../../src/ostree/xattrs.ts';
import type { PackageDatabase } from '../../src/packages/database.ts';
import type { ListedPackage } from '../../src/packages/package.ts';
import { tempDir } from '../e2e/support/scratch.ts';

/** A file's content, where a symlink points, or extended attributes of a directory or file. */
export type TreeEntry =
  | string
  | Uint8Array
  | { readonly to: string }
  | { readonly xattrs: readonly Xattr[]; readonly content?: string };

/** Paths without the leading `/`; those that end in `/` are directories. */
export type Tree = Readonly<Record<string, TreeEntry>>;

export type CommittedTree = {
  readonly repo: string;
  readonly id: Checksum;
  readonly source: ObjectSource;
  readonly commit: Commit;
};

/** Commits the tree to a new archive repository; the ref is `os`. */
export async function commitPaths(
  t: Pick<TestContext, 'after'>,
  tree: Tree,
  options: Partial<CommitOptions> = {},
): Promise<CommittedTree> {
  const path = join(await tempDir(t), 'repo');
  const writer = await ArchiveWriter.create(path);
  const id = await commitTree(writer, treeOf(tree), { timestamp: 1, ...options });
  await writer.ref('os', id);
  const repo = await openRepository(path);
  return { repo: path, id, source: repo.objects, commit: await loadCommit(repo, id) };
}

/** Commits trees to one new archive repository at `path`; returns the ids. */
export async function commitHistory(path: string, trees: readonly Tree[]): Promise<readonly Checksum[]> {
  const writer = await ArchiveWriter.create(path);
  const ids: Checksum[] = [];
  for (const [index, tree] of trees.entries())
    ids.push(await commitTree(writer, treeOf(tree), { timestamp: index }));
  return ids;
}

type OpenNode = TreeDirectory & { readonly entries: Map<string, TreeNode> };

function treeOf(tree: Tree): TreeDirectory {
  const root = openNode([]);
  for (const [path, entry] of Object.entries(tree)) {
    const names = path.split('/');
    const last = names.pop() ?? '';
    const attributes = typeof entry === 'object' && 'xattrs' in entry ? entry.xattrs : [];
    if (last === '') enter(root, names, attributes);
    else enter(root, names, []).entries.set(last, nodeOf(entry));
  }
  return root;
}

function openNode(xattrs: readonly Xattr[]): OpenNode {
  return { kind: 'directory', mode: 0o755, xattrs, entries: new Map() };
}

function enter(root: OpenNode, names: readonly string[], xattrs: readonly Xattr[]): OpenNode {
  return names.reduce((parent, name, depth) => {
    const known = parent.entries.get(name);
    if (known?.kind === 'directory') return known as OpenNode;
    const made = openNode(depth === names.length - 1 ? xattrs : []);
    parent.entries.set(name, made);
    return made;
  }, root);
}

function nodeOf(entry: TreeEntry): TreeNode {
  if (typeof entry === 'string' || entry instanceof Uint8Array)
    return { kind: 'file', mode: 0o644, content: entry };
  if ('to' in entry) return { kind: 'symlink', target: entry.to };
  return { kind: 'file', mode: 0o644, content: entry.content ?? '', xattrs: entry.xattrs };
}

const paragraph = (name: string) =>
  `Package: ${name}\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1\n\n`;

/** A tree with dpkg's database of packages that list these paths. */
export function debianTree(lists: Readonly<Record<string, readonly string[]>>, tree: Tree): Tree {
  const database = 'usr/lib/sysimage/dpkg';
  const infos = Object.entries(lists).map(([name, paths]) => [
    `${database}/info/${name}.list`,
    `/.\n${paths.join('\n')}\n`,
  ]);
  const status = Object.keys(lists).map(paragraph).join('');
  return { [`${database}/status`]: status, ...Object.fromEntries(infos), ...tree };
}

/** A real rpmdb.sqlite, made by rpm 4.18: `two-pkgs`, `two-pkgs-nodocs` or `62-pkgs`. */
export function rpmdbFixture(name: string): Buffer {
  return gunzipSync(readFileSync(join(import.meta.dirname, `../fixtures/rpmdb/${name}.rpmdb.sqlite.gz`)));
}

/** Collects warnings. */
export function warnings(): { readonly lines: string[]; readonly warn: (line: string) => void } {
  const lines: string[] = [];
  return { lines, warn: (line) => lines.push(line) };
}

/** All packages of a database with their files. */
export async function listedPackages(
  database: PackageDatabase | undefined,
  warn: (line: string) => void,
): Promise<readonly ListedPackage[]> {
  assert.ok(database);
  const listed: ListedPackage[] = [];
  for await (const one of database.packages(warn)) listed.push(one);
  return listed;
}
