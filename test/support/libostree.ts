/** Helpers for tests that write to repositories through libostree. */
import assert from 'node:assert/strict';
import { appendFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { isTreeportError } from '../../src/base/errors.ts';
import { libcXattrs } from '../../src/native/libc/xattrs.ts';
import { LibostreeRepo, type WritableMode } from '../../src/native/ostree/repository.ts';
import { startTransaction } from '../../src/native/ostree/start-transaction.ts';
import type { Transaction } from '../../src/native/ostree/transaction.ts';
import type { Checksum } from '../../src/ostree/checksum.ts';
import { commitTree, type TreeDirectory } from '../../src/ostree/commit-tree.ts';
import { isHashedMetadata, type ObjectName } from '../../src/ostree/object-name.ts';
import { ArchiveWriter } from '../../src/ostree/repo/archive-writer.ts';
import { openRepository, type Repository } from '../../src/ostree/repo/open.ts';
import { verifyContent, verifyMetadata } from '../../src/ostree/verify.ts';
import { reachableObjects } from '../../src/ostree/walk.ts';
import { tempDir } from '../e2e/support/scratch.ts';

/** For a test's `skip` option: false if libostree is installed, otherwise the reason. */
export function unlessLibostree(): string | false {
  try {
    LibostreeRepo.open('/nowhere');
    return false;
  } catch (error) {
    return isTreeportError(error, 'ERR_LIBOSTREE_MISSING') ? error.message : false;
  }
}

/** A new repository that accepts objects even if the disk is nearly full. */
export function makeRepo(path: string, mode: WritableMode = 'archive'): LibostreeRepo {
  LibostreeRepo.create(path, mode).close();
  appendFileSync(join(path, 'config'), 'min-free-space-percent=0\n');
  return LibostreeRepo.open(path);
}

export type SourceCommit = { readonly repo: Repository; readonly commit: Checksum };

/** Commits the tree natively to an archive repository in `folder`. */
export async function commitToArchive(
  folder: string,
  tree: TreeDirectory,
  subject = 'a commit',
): Promise<SourceCommit> {
  const path = join(folder, 'source');
  const commit = await commitTree(await ArchiveWriter.create(path), tree, { timestamp: 1, subject });
  return { repo: await readRepo(path), commit };
}

export function readRepo(path: string): Promise<Repository> {
  return openRepository(path, { xattrs: libcXattrs });
}

/** Every object of the commit, each once. */
export async function objectsOf({ repo, commit }: SourceCommit): Promise<readonly ObjectName[]> {
  const names: ObjectName[] = [];
  for await (const name of reachableObjects(repo.objects, commit)) names.push(name);
  return names;
}

export async function giveObject(sink: Transaction, { repo }: SourceCommit, name: ObjectName): Promise<void> {
  const { type, checksum } = name;
  if (type === 'file') await sink.content(checksum, await repo.objects.content(checksum));
  else if (isHashedMetadata(type))
    await sink.metadata(type, checksum, await repo.objects.metadata(type, checksum));
}

/** Gives every object of the commit to the transaction. */
export async function giveCommit(sink: Transaction, source: SourceCommit): Promise<void> {
  for (const name of await objectsOf(source)) await giveObject(sink, source, name);
}

/** Reads every object of the commit back from the repository at `path`, and verifies it. */
export async function assertThere(path: string, source: SourceCommit): Promise<void> {
  const { objects } = await readRepo(path);
  for (const { type, checksum } of await objectsOf(source)) {
    if (type === 'file') await verifyContent(await objects.content(checksum), checksum);
    else verifyMetadata(type, checksum, await objects.metadata(type, checksum));
  }
}

export async function assertEmpty(path: string): Promise<void> {
  const names: string[] = [];
  for await (const { checksum } of (await readRepo(path)).objects.list()) names.push(checksum);
  assert.deepEqual(names, []);
  assert.deepEqual(readdirSync(join(path, 'refs/heads')), []);
  assert.deepEqual(readdirSync(join(path, 'state')), []);
}

/** A new repository and a transaction in it; the test closes both. */
export async function started(
  t: Pick<TestContext, 'after'>,
  mode: WritableMode = 'archive',
): Promise<{ repo: LibostreeRepo; transaction: Transaction }> {
  const repo = makeRepo(join(await tempDir(t), 'repo'), mode);
  return { repo, transaction: await startTransaction(repo) };
}
