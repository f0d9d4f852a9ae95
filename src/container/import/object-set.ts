/**
 * Object-set commits keep the content objects of a component layer in a repository, as in ostree-ext: one
 * flat directory whose file names are the objects' ids; root directory 0755 root:root without xattrs; no
 * metadata, parent, subject or time, so that equal sets give equal commits.
 */
import { type Checksum, checksumOf, isChecksum } from '../../ostree/checksum.ts';
import { serializeCommit } from '../../ostree/commit.ts';
import { S_IFDIR, serializeDirmeta } from '../../ostree/dirmeta.ts';
import { serializeDirtree } from '../../ostree/dirtree.ts';
import { loadCommitObject, loadDirtree } from '../../ostree/load.ts';
import type { ObjectSink } from '../../ostree/object-sink.ts';
import type { MetadataSource } from '../../ostree/object-source.ts';

const ROOT_META = serializeDirmeta({ uid: 0, gid: 0, mode: S_IFDIR | 0o755, xattrs: [] });

/** Writes the object-set commit of these content objects and returns its id. */
export async function writeObjectSet(sink: ObjectSink, objects: readonly Checksum[]): Promise<Checksum> {
  const tree = serializeDirtree({
    files: objects.map((checksum) => ({ name: checksum, checksum })),
    directories: [],
  });
  const rootTree = checksumOf(tree);
  const rootMeta = checksumOf(ROOT_META);
  const commit = serializeCommit({
    metadata: new Map(),
    parent: undefined,
    subject: '',
    body: '',
    timestamp: 0,
    rootTree,
    rootMeta,
  });
  const checksum = checksumOf(commit);
  await sink.metadata('dirmeta', rootMeta, ROOT_META);
  await sink.metadata('dirtree', rootTree, tree);
  await sink.metadata('commit', checksum, commit);
  return checksum;
}

/** The objects of an object-set commit; undefined if the commit is not one. */
export async function readObjectSet(
  source: MetadataSource,
  commit: Checksum,
): Promise<readonly Checksum[] | undefined> {
  const { rootTree } = await loadCommitObject(source, commit);
  const { files, directories } = await loadDirtree(source, rootTree);
  const isObjectSet =
    directories.length === 0 && files.every(({ name, checksum }) => isChecksum(name) && name === checksum);
  return isObjectSet ? files.map(({ checksum }) => checksum) : undefined;
}
