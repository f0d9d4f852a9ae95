/** A commit of deeply nested directories, beyond any real tree. */
import { type Checksum, checksumOf } from '../../src/ostree/checksum.ts';
import { serializeCommit } from '../../src/ostree/commit.ts';
import { serializeDirmeta } from '../../src/ostree/dirmeta.ts';
import { type DirectoryEntry, serializeDirtree } from '../../src/ostree/dirtree.ts';
import { formatObjectName } from '../../src/ostree/object-name.ts';
import type { MetadataSource } from '../../src/ostree/object-source.ts';

export type MadeObject = { readonly type: 'commit' | 'dirtree' | 'dirmeta'; readonly bytes: Buffer };

export type DeepCommit = {
  readonly commit: Checksum;
  readonly rootTree: Checksum;
  readonly meta: Checksum;
  /** The commit first, then its dirmeta and dirtrees. */
  readonly objects: readonly MadeObject[];
  readonly source: MetadataSource;
};

/** Nested directories `d`, `levels` deep including the root. `siblings` are the names in each. */
export function deepCommit(levels: number, siblings: readonly string[] = ['d']): DeepCommit {
  const meta = serializeDirmeta({ uid: 0, gid: 0, mode: 0o40755, xattrs: [] });
  const trees: Buffer[] = [];
  let directories: readonly DirectoryEntry[] = [];
  for (let level = 0; level < levels; level++) {
    const tree = serializeDirtree({ files: [], directories });
    trees.push(tree);
    const child = { tree: checksumOf(tree), meta: checksumOf(meta) };
    directories = siblings.map((name) => ({ name, ...child }));
  }
  return commitOf(trees, meta);
}

/** A commit whose root is the last of the dirtrees. */
export function commitOf(trees: readonly Buffer[], meta: Buffer): DeepCommit {
  const rootTree = checksumOf(trees.at(-1) as Buffer);
  const rootMeta = checksumOf(meta);
  const bytes = serializeCommit({
    metadata: new Map(),
    parent: undefined,
    subject: '',
    body: '',
    timestamp: 1,
    rootTree,
    rootMeta,
  });
  const objects: readonly MadeObject[] = [
    { type: 'commit', bytes },
    { type: 'dirmeta', bytes: meta },
    ...trees.map((tree) => ({ type: 'dirtree', bytes: tree }) as const),
  ];
  const byName = new Map(
    objects.map(({ type, bytes }) => [formatObjectName({ type, checksum: checksumOf(bytes) }), bytes]),
  );
  const source: MetadataSource = {
    metadata: async (type, checksum) => byName.get(formatObjectName({ type, checksum })) as Buffer,
  };
  return { commit: checksumOf(bytes), rootTree, meta: rootMeta, objects, source };
}
