/**
 * Commits a tree described in memory to an archive repository, without any system tool. The demo and the test
 * fixtures are made with it.
 */
import type { Checksum } from './checksum.ts';
import { serializeCommit } from './commit.ts';
import { type Dirmeta, S_IFDIR, S_IFMT } from './dirmeta.ts';
import { S_IFREG, SYMLINK_MODE } from './file-header.ts';
import type { MetadataDict } from './metadata-dict.ts';
import type { ArchiveWriter } from './repo/archive-writer.ts';
import { TreeBuilder } from './tree-builder.ts';
import { serializeXattrs, type Xattr } from './xattrs.ts';

type Owned = {
  /** 0 unless given. */
  readonly uid?: number;
  readonly gid?: number;
  readonly xattrs?: readonly Xattr[];
};

export type TreeFile = Owned & {
  readonly kind: 'file';
  readonly mode: number;
  readonly content: string | Uint8Array;
};
export type TreeSymlink = Owned & { readonly kind: 'symlink'; readonly target: string };
export type TreeDirectory = Owned & {
  readonly kind: 'directory';
  readonly mode: number;
  readonly entries: ReadonlyMap<string, TreeNode>;
};
export type TreeNode = TreeFile | TreeSymlink | TreeDirectory;

export type CommitOptions = {
  readonly subject?: string;
  readonly body?: string;
  /** Seconds since 1970. */
  readonly timestamp: number;
  readonly metadata?: MetadataDict;
  readonly parent?: Checksum;
};

/** Writes every object of the tree and the commit; returns the commit's id. */
export async function commitTree(
  writer: ArchiveWriter,
  root: TreeDirectory,
  options: CommitOptions,
): Promise<Checksum> {
  const builder = new TreeBuilder(writer, dirmetaOf(root));
  await addEntries(builder, writer, root);
  const { tree, meta } = await builder.finish();
  const commit = serializeCommit({
    metadata: options.metadata ?? new Map(),
    parent: options.parent,
    subject: options.subject ?? '',
    body: options.body ?? '',
    timestamp: options.timestamp,
    rootTree: tree,
    rootMeta: meta,
  });
  return writer.metadata('commit', commit);
}

async function addEntries(
  builder: TreeBuilder,
  writer: ArchiveWriter,
  { entries }: TreeDirectory,
): Promise<void> {
  for (const [name, node] of entries) {
    if (node.kind !== 'directory') {
      builder.file(name, await writeFile(writer, node));
      continue;
    }
    builder.enter(name, dirmetaOf(node));
    await addEntries(builder, writer, node);
    await builder.leave();
  }
}

function dirmetaOf({ uid = 0, gid = 0, mode, xattrs = [] }: TreeDirectory): Dirmeta {
  return { uid, gid, mode: S_IFDIR | (mode & ~S_IFMT), xattrs };
}

function writeFile(writer: ArchiveWriter, node: TreeFile | TreeSymlink): Promise<Checksum> {
  const { uid = 0, gid = 0 } = node;
  const xattrs = serializeXattrs(node.xattrs ?? []);
  if (node.kind === 'symlink')
    return writer.file({ uid, gid, mode: SYMLINK_MODE, target: node.target, xattrs }, Buffer.alloc(0));
  const content = typeof node.content === 'string' ? Buffer.from(node.content) : node.content;
  return writer.file({ uid, gid, mode: S_IFREG | (node.mode & ~S_IFMT), target: '', xattrs }, content);
}
