/** Attributes of files and directories in a commit, and which of them differ between two commits. */
import { createHash } from 'node:crypto';
import type { Checksum } from './checksum.ts';
import type { DiffNode, Pair } from './diff.ts';
import { PERMISSIONS } from './dirmeta.ts';
import { isSymlink } from './file-header.ts';
import { loadDirmeta } from './load.ts';
import type { ObjectSource } from './object-source.ts';
import { parseXattrs, type Xattr } from './xattrs.ts';

export type NodeAttributes = {
  readonly type: 'file' | 'symlink' | 'directory';
  /** Permission bits, without those of the file type. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly xattrs: readonly Xattr[];
  /** Bytes of a regular file; 0 for everything else. */
  readonly size: number;
  /** Target of a symlink; empty for everything else. */
  readonly target: string;
};

/** `content` is the bytes of a file or the target of a symlink. */
export type Aspect = 'type' | 'content' | 'mode' | 'owner' | 'xattrs';

export type Change = {
  readonly path: string;
  readonly from: NodeAttributes;
  readonly to: NodeAttributes;
  /** What differs. If `type` does, only `type` is listed. */
  readonly aspects: readonly Aspect[];
};

/** Reads the dirmeta of a directory or the header of a file, not its bytes. */
export async function attributesOf(source: ObjectSource, node: DiffNode): Promise<NodeAttributes> {
  if (node.kind === 'directory') {
    const { uid, gid, mode, xattrs } = await loadDirmeta(source, node.meta);
    return { type: 'directory', mode: mode & PERMISSIONS, uid, gid, xattrs, size: 0, target: '' };
  }
  const { header, size } = await source.content(node.checksum);
  const { uid, gid, target } = header;
  const type = isSymlink(header) ? 'symlink' : 'file';
  return {
    type,
    mode: header.mode & PERMISSIONS,
    uid,
    gid,
    xattrs: parseXattrs(header.xattrs),
    size,
    target,
  };
}

/**
 * What differs between the two nodes of a path. Reads the bytes of both files only if sizes are equal and
 * headers differ, because then nothing else tells whether the content differs.
 */
export async function describeChange(source: ObjectSource, pair: Pair<DiffNode>): Promise<Change> {
  const from = await attributesOf(source, pair.from);
  const to = await attributesOf(source, pair.to);
  if (from.type !== to.type) return { path: pair.path, from, to, aspects: ['type'] };
  const aspects = headerAspects(from, to);
  const content = await contentDiffers(source, pair, { from, to, aspects });
  return { path: pair.path, from, to, aspects: content ? ['content', ...aspects] : aspects };
}

function headerAspects(from: NodeAttributes, to: NodeAttributes): readonly Aspect[] {
  const aspects: Aspect[] = [];
  if (from.mode !== to.mode) aspects.push('mode');
  if (from.uid !== to.uid || from.gid !== to.gid) aspects.push('owner');
  if (differingXattrs(from, to).length > 0) aspects.push('xattrs');
  return aspects;
}

async function contentDiffers(
  source: ObjectSource,
  pair: Pair<DiffNode>,
  { from, to, aspects }: Omit<Change, 'path'>,
): Promise<boolean> {
  if (from.size !== to.size || from.target !== to.target) return true;
  if (from.type !== 'file' || pair.from.kind !== 'file' || pair.to.kind !== 'file') return false;
  // The id covers header and bytes: with equal headers, the bytes differ.
  if (aspects.length === 0) return true;
  return (await bytesDigest(source, pair.from.checksum)) !== (await bytesDigest(source, pair.to.checksum));
}

/** Digest of a file's bytes alone; an object's id also covers its header. */
async function bytesDigest(source: ObjectSource, checksum: Checksum): Promise<string> {
  const digest = createHash('sha256');
  for await (const piece of (await source.content(checksum)).stream()) digest.update(piece);
  return digest.digest('hex');
}

/** Names of extended attributes that only one node has, or that have different values. */
export function differingXattrs(from: NodeAttributes, to: NodeAttributes): readonly string[] {
  const [before, after] = [xattrMap(from), xattrMap(to)];
  const names = [...new Set([...before.keys(), ...after.keys()])].toSorted();
  return names.filter((name) => before.get(name) !== after.get(name));
}

function xattrMap({ xattrs }: NodeAttributes): ReadonlyMap<string, string> {
  return new Map(xattrs.map(({ name, value }) => [name.toString('utf8'), value.toString('latin1')]));
}
