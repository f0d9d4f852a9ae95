/**
 * Makes a commit of a root filesystem, in memory but for the bytes of its files. Reproducible: equal trees
 * and options give equal commits.
 */
import { asBuffer } from '../../base/bytes.ts';
import { type Checksum, checksumOf } from '../../ostree/checksum.ts';
import { serializeCommit } from '../../ostree/commit.ts';
import type { Dirmeta } from '../../ostree/dirmeta.ts';
import { type MetadataDict, serializeDict } from '../../ostree/metadata-dict.ts';
import { formatObjectName, type HashedMetadataType, type MetadataType } from '../../ostree/object-name.ts';
import type { ObjectSource } from '../../ostree/object-source.ts';
import { addSignatures, type Signer } from '../../ostree/sign/signer.ts';
import { TreeBuilder } from '../../ostree/tree-builder.ts';
import { type HashOptions, hashFiles, type RootContent } from './hash-files.ts';
import { rootSource } from './root-source.ts';
import type { RootDirectory } from './root-tree.ts';

export type RootCommitOptions = HashOptions & {
  readonly metadata: MetadataDict;
  /** Seconds since 1970. */
  readonly timestamp: number;
  readonly signers?: readonly Signer[];
};

export type RootCommit = { readonly commit: Checksum; readonly source: ObjectSource };

/**
 * Computes the checksums of all files (hash-files.ts), the directories above them and the commit. Detached
 * signatures by `signers` are part of the source.
 */
export async function commitRoot(
  root: RootDirectory,
  { metadata, timestamp, signers = [], ...hashing }: RootCommitOptions,
): Promise<RootCommit> {
  const checksums = await hashFiles(root, hashing);
  const objects = new MetadataObjects();
  const builder = new TreeBuilder(objects, dirmetaOf(root));
  await addEntries(builder, root, checksums);
  const { tree: rootTree, meta: rootMeta } = await builder.finish();
  const body = { metadata, parent: undefined, subject: '', body: '', timestamp, rootTree, rootMeta };
  const bytes = serializeCommit(body);
  const commit = await objects.metadata('commit', bytes);
  if (signers.length > 0) {
    const signed = await addSignatures(new Map(), bytes, { signers, what: `commit ${commit}` });
    objects.add('commitmeta', commit, serializeDict(signed));
  }
  const content = new Map([...checksums].map(([node, checksum]) => [checksum, node]));
  return { commit, source: rootSource({ metadata: objects.byName, content }) };
}

class MetadataObjects {
  readonly byName = new Map<string, Buffer>();

  async metadata(type: HashedMetadataType, bytes: Uint8Array): Promise<Checksum> {
    const checksum = checksumOf(bytes);
    this.add(type, checksum, asBuffer(bytes));
    return checksum;
  }

  add(type: MetadataType, checksum: Checksum, bytes: Buffer): void {
    this.byName.set(formatObjectName({ type, checksum }), bytes);
  }
}

async function addEntries(
  builder: TreeBuilder,
  directory: RootDirectory,
  checksums: ReadonlyMap<RootContent, Checksum>,
): Promise<void> {
  for (const [name, node] of directory.entries) {
    if (node.kind !== 'directory') {
      builder.file(name, checksums.get(node) as Checksum);
      continue;
    }
    builder.enter(name, dirmetaOf(node));
    await addEntries(builder, node, checksums);
    await builder.leave();
  }
}

function dirmetaOf({ uid, gid, mode, xattrs }: RootDirectory): Dirmeta {
  return { uid, gid, mode, xattrs };
}
