/**
 * Imports the commit of an encapsulated image from the embedded repo in its mounted file system. The rules
 * are those of importing layers: the commit is verified before anything is written, no object may be missing,
 * and the repo may have no other objects.
 */
import { eachConcurrently } from '../../base/each-concurrently.ts';
import { TreeportError } from '../../base/errors.ts';
import type { Transaction } from '../../native/ostree/transaction.ts';
import type { Checksum } from '../../ostree/checksum.ts';
import {
  formatObjectName,
  isHashedMetadata,
  type ObjectName,
  parseObjectName,
} from '../../ostree/object-name.ts';
import type { ObjectSink } from '../../ostree/object-sink.ts';
import type { ObjectSource } from '../../ostree/object-source.ts';
import { checkRefName } from '../../ostree/ref-name.ts';
import { reachableObjects, type SeenObjects } from '../../ostree/walk.ts';
import { withEmptyDirtree } from '../../tar/empty-dirtree.ts';
import { REPO_PATH } from '../../tar/layout.ts';
import { checkNoStray } from '../../tar/needed-objects.ts';
import { isVerified, remoteOf, type Verification } from '../inspect/ostree-image-reference.ts';
import { checkTimestamp, type RefTarget } from './check-timestamp.ts';
import { landCommit, withTransaction } from './repo-transaction.ts';
import { loadCommitHead, type VerifiedSignature, verifyCommitHead } from './verify-signatures.ts';

export type ImportMountedOptions = RefTarget & {
  readonly verification: Verification;
  /** The image, for messages. */
  readonly where: string;
  /** Receives, from time to time, the number of content bytes so far. */
  readonly onProgress?: (bytes: number) => void;
};

export type MountedReport = {
  readonly commit: Checksum;
  /** The verified signatures. */
  readonly signatures: readonly VerifiedSignature[];
  /** Number of objects read from the image, and of those that the repository had. */
  readonly objects: { readonly imported: number; readonly present: number };
};

/** Number of objects to copy concurrently: one file is opened while another is written. */
const CONCURRENCY = 2;

/**
 * Imports the one commit that lies in `source`: completely, or not at all. ERR_NOT_ENCAPSULATED,
 * ERR_OBJECT_STRAY, ERR_OBJECT_MISSING, ERR_OBJECT_CORRUPT, and the faults of the repository and of the
 * signatures.
 */
export async function importMounted(
  source: ObjectSource,
  options: ImportMountedOptions,
): Promise<MountedReport> {
  const { repo, where, writeRef } = options;
  const refs = writeRef === undefined ? [] : [writeRef];
  for (const ref of refs) checkRefName(ref);
  const present = await listObjects(source);
  const head = await loadCommitHead(source, onlyCommit(present, where));
  const signatures = await verifyCommitHead(head, { repo, remote: remoteOf(options.verification) });
  await checkTimestamp(head, options);
  const objects = withEmptyDirtree(source);
  const needed: SeenObjects = new Set();
  for await (const _ of reachableObjects(objects, head.commit, needed));
  checkNoStray(needed, present, where);
  const work = async (transaction: Transaction) => {
    const counts = await copyObjects(objects, transaction, needed, options.onProgress);
    if (head.detached !== undefined) await transaction.detachedMetadata(head.commit, head.detached);
    await transaction.settle();
    await landCommit(transaction, head.commit, refs, options.warn);
    return { commit: head.commit, signatures, objects: counts };
  };
  return withTransaction(repo, work, { refs, isVerified: isVerified(options.verification) });
}

/** Names of all objects except detached metadata, which is imported with its commit. */
async function listObjects(source: ObjectSource): Promise<readonly string[]> {
  const names: string[] = [];
  for await (const name of source.list()) if (name.type !== 'commitmeta') names.push(formatObjectName(name));
  return names;
}

function onlyCommit(names: readonly string[], where: string): Checksum {
  const commits = names.map(parseObjectName).filter(({ type }) => type === 'commit');
  const [commit] = commits;
  if (commit !== undefined && commits.length === 1) return commit.checksum;
  throw new TreeportError(
    'ERR_NOT_ENCAPSULATED',
    `${where} was not made from one ostree commit: there are ${commits.length} in its /${REPO_PATH}`,
  );
}

async function copyObjects(
  source: ObjectSource,
  sink: ObjectSink,
  needed: ReadonlySet<string>,
  onProgress: ((bytes: number) => void) | undefined,
): Promise<MountedReport['objects']> {
  const count = { imported: 0, present: 0, bytes: 0 };
  await eachConcurrently(needed, CONCURRENCY, async (text) => {
    const name = parseObjectName(text);
    if (name.type !== 'commit' && (await sink.has(name))) {
      count.present += 1;
      return;
    }
    const size = await copyObject(source, sink, name);
    count.bytes += size;
    count.imported += 1;
    onProgress?.(count.bytes);
  });
  return { imported: count.imported, present: count.present };
}

/** Returns the size of the content. */
async function copyObject(
  source: ObjectSource,
  sink: ObjectSink,
  { type, checksum }: ObjectName,
): Promise<number> {
  if (isHashedMetadata(type)) {
    await sink.metadata(type, checksum, await source.metadata(type, checksum));
    return 0;
  }
  const object = await source.content(checksum);
  await sink.content(checksum, object);
  return object.size;
}
