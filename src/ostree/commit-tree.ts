/**
 * Commits a tree described in memory to an archive repository: what the demo and the fixtures are made
 * with, without any system tool.
 */
import type { Checksum } from './checksum.ts';
import { serializeCommit } from './commit.ts';
import { S_IFDIR, S_IFMT, serializeDirmeta } from './dirmeta.ts';
import { type DirectoryEntry, type FileEntry, serializeDirtree } from './dirtree.ts';
import { S_IFREG, SYMLINK_MODE } from './file-header.ts';
import type { MetadataDict } from './metadata-dict.ts';
import type { ArchiveWriter } from './repo/archive-writer.ts';
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
  const { tree, meta } = await writeDirectory(writer, root);
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

async function writeDirectory(
  writer: ArchiveWriter,
  directory: TreeDirectory,
): Promise<Omit<DirectoryEntry, 'name'>> {
  const files: FileEntry[] = [];
  const directories: DirectoryEntry[] = [];
  for (const [name, node] of directory.entries) {
    if (node.kind === 'directory') directories.push({ name, ...(await writeDirectory(writer, node)) });
    else files.push({ name, checksum: await writeFile(writer, node) });
  }
  const tree = await writer.metadata('dirtree', serializeDirtree({ files, directories }));
  const { uid = 0, gid = 0, mode, xattrs = [] } = directory;
  const meta = await writer.metadata(
    'dirmeta',
    serializeDirmeta({ uid, gid, mode: S_IFDIR | (mode & ~S_IFMT), xattrs }),
  );
  return { tree, meta };
}

function writeFile(writer: ArchiveWriter, node: TreeFile | TreeSymlink): Promise<Checksum> {
  const { uid = 0, gid = 0 } = node;
  const xattrs = serializeXattrs(node.xattrs ?? []);
  if (node.kind === 'symlink')
    return writer.file({ uid, gid, mode: SYMLINK_MODE, target: node.target, xattrs }, Buffer.alloc(0));
  const content = typeof node.content === 'string' ? Buffer.from(node.content) : node.content;
  return writer.file({ uid, gid, mode: S_IFREG | (node.mode & ~S_IFMT), target: '', xattrs }, content);
}
