import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import type { WritableMode } from '../../../src/native/ostree/repository.ts';
import { LibostreeRepo } from '../../../src/native/ostree/repository.ts';
import { startTransaction } from '../../../src/native/ostree/start-transaction.ts';
import { checksumOf } from '../../../src/ostree/checksum.ts';
import { serializeCommit } from '../../../src/ostree/commit.ts';
import { S_IFDIR } from '../../../src/ostree/dirmeta.ts';
import { serializeDict, stringVariant } from '../../../src/ostree/metadata-dict.ts';
import type { HashedMetadataType } from '../../../src/ostree/object-name.ts';
import { TreeBuilder } from '../../../src/ostree/tree-builder.ts';
import { verifyContent } from '../../../src/ostree/verify.ts';
import { must } from '../../e2e/support/run.ts';
import { tempDir } from '../../e2e/support/scratch.ts';
import { repeatedChecksum } from '../../support/checksums.ts';
import { contentId, contentObject } from '../../support/content-objects.ts';
import { coded } from '../../support/expect.ts';
import {
  assertEmpty,
  assertThere,
  commitToArchive,
  giveCommit,
  giveObject,
  makeRepo,
  objectsOf,
  readRepo,
  started,
  unlessLibostree,
} from '../../support/libostree.ts';
import { treeOf } from '../../support/libostree-trees.ts';
import { unlessInstalled, unlessRoot } from '../../support/programs.ts';

const skip = unlessLibostree() || unlessInstalled('ostree');
const MODES: readonly WritableMode[] = ['archive', 'bare', 'bare-user', 'bare-user-only'];
const DETACHED = serializeDict(new Map([['key', stringVariant('value')]]));

for (const mode of MODES) {
  const needsRoot = mode === 'bare' && unlessRoot();
  test(`hostile objects come back from mode ${mode}`, { skip: skip || needsRoot }, async (t) => {
    const folder = await tempDir(t);
    const source = await commitToArchive(folder, treeOf(mode));
    const path = join(folder, 'repo');
    using repo = makeRepo(path, mode);
    const transaction = await startTransaction(repo);
    await giveCommit(transaction, source);
    await transaction.detachedMetadata(source.commit, DETACHED);
    transaction.setRef('os/main', source.commit);
    transaction.setRef('origin:os/main', source.commit);
    await transaction.settle();
    assert.deepEqual(readdirSync(join(path, 'refs/heads')), []);
    const stats = await transaction.commit();

    const names = await objectsOf(source);
    const contents = names.filter(({ type }) => type === 'file').length;
    assert.equal(stats.contentObjects, contents);
    assert.equal(stats.metadataObjects, names.length - contents);
    assert.equal(readFileSync(join(path, 'refs/heads/os/main'), 'utf8').trim(), source.commit);
    assert.ok(existsSync(join(path, 'refs/remotes/origin/os/main')));
    await assertThere(path, source);
    await must(['ostree', `--repo=${path}`, 'fsck']);
    const listing = await must(['ostree', `--repo=${path}`, 'ls', '-R', '-X', '-C', 'os/main']);
    assert.equal(
      listing,
      await must(['ostree', `--repo=${source.repo.path}`, 'ls', '-R', '-X', '-C', source.commit]),
    );
    assert.match(
      await must(['ostree', `--repo=${path}`, 'show', '--print-detached-metadata-key=key', 'os/main']),
      /value/,
    );
    assert.deepEqual(readdirSync(join(path, 'state')), []);
  });
}

test('has() finds objects that are not written, and not visible, yet', {
  skip,
}, async (t) => {
  const { repo, transaction } = await started(t);
  const source = await commitToArchive(await tempDir(t), treeOf('archive'));
  const names = await objectsOf(source);
  for (const name of names) {
    assert.equal(await transaction.has(name), false);
    await giveObject(transaction, source, name);
    assert.equal(await transaction.has(name), true);
  }
  await transaction.detachedMetadata(source.commit, DETACHED);
  await transaction.settle();
  for (const { type, checksum } of names) {
    assert.equal(await transaction.has({ type, checksum }), true);
    if (type !== 'commit' && type !== 'dirtree' && type !== 'dirmeta') continue;
    assert.deepEqual(transaction.load(type, checksum), await source.repo.objects.metadata(type, checksum));
  }
  assert.deepEqual(transaction.load('commitmeta', source.commit), DETACHED);
  assert.throws(
    () => transaction.load('dirtree', repeatedChecksum('a')),
    coded('ERR_OBJECT_MISSING', 'dirtree'),
  );
  assert.throws(
    () => transaction.load('commitmeta', repeatedChecksum('a')),
    coded('ERR_OBJECT_MISSING', 'commitmeta'),
  );
  await transaction.abort();
  await assertEmpty(repo.path);
  await assert.rejects(transaction.settle(), /is over/);
  repo.close();
});

test('concurrent transactions of two handles', { skip }, async (t) => {
  const folder = await tempDir(t);
  const source = await commitToArchive(folder, treeOf('archive'));
  using one = makeRepo(join(folder, 'repo'));
  using two = LibostreeRepo.open(one.path);
  const first = await startTransaction(one, { threads: 1 });
  await assert.rejects(startTransaction(one, { threads: 1 }), coded('ERR_LIBOSTREE', 'another transaction'));
  const second = await startTransaction(two, { threads: 3 });
  await Promise.all([giveCommit(first, source), giveCommit(second, source)]);
  first.setRef('first', source.commit);
  second.setRef('second', source.commit);
  await Promise.all([first.commit(), second.commit()]);
  await assertThere(one.path, source);
  assert.deepEqual(readdirSync(join(one.path, 'refs/heads')).toSorted(), ['first', 'second']);
});

test('many small files at the same time', { skip }, async (t) => {
  const { repo, transaction } = await started(t);
  const files = Array.from({ length: 500 }, (_, index) => Buffer.alloc(index * 100, `${index}`));
  await Promise.all(files.map((bytes) => transaction.content(contentId(bytes), contentObject(bytes))));
  const { contentObjects, contentBytes } = await transaction.commit();
  assert.deepEqual([contentObjects, contentBytes], [500, (499 * 500 * 100) / 2]);
  const { objects } = await readRepo(repo.path);
  for (const bytes of files) await verifyContent(await objects.content(contentId(bytes)), contentId(bytes));
  repo.close();
});

for (const mode of MODES) {
  const needsRoot = mode === 'bare' && unlessRoot();
  test(`content of unknown id gets its id in mode ${mode}`, { skip: skip || needsRoot }, async (t) => {
    const { repo, transaction } = await started(t, mode);
    const files = [Buffer.from('small'), Buffer.alloc(9 * 1024 * 1024, 'large'), Buffer.alloc(0)];
    for (const bytes of files) {
      const id = await transaction.content(undefined, contentObject(bytes));
      assert.equal(id, contentId(bytes));
      assert.ok(await transaction.has({ type: 'file', checksum: id }));
      assert.equal(await transaction.content(id, contentObject(bytes)), id);
    }
    const cut = { ...contentObject(Buffer.from('small')), size: 6 };
    await assert.rejects(
      transaction.content(undefined, cut),
      coded('ERR_OBJECT_CORRUPT', 'a new content object has 5 bytes'),
    );
    assert.equal((await transaction.commit()).contentObjects, 3);
    const { objects } = await readRepo(repo.path);
    for (const bytes of files) await verifyContent(await objects.content(contentId(bytes)), contentId(bytes));
    repo.close();
  });
}

test('a new commit is written as its files are read', { skip }, async (t) => {
  const { repo, transaction } = await started(t);
  const writer = {
    metadata: async (type: HashedMetadataType, bytes: Uint8Array) => {
      const checksum = checksumOf(bytes);
      await transaction.metadata(type, checksum, bytes);
      return checksum;
    },
  };
  const meta = { uid: 0, gid: 0, mode: S_IFDIR | 0o755, xattrs: [] };
  const builder = new TreeBuilder(writer, meta);
  builder.enter('usr', meta);
  builder.file('motd', await transaction.content(undefined, contentObject(Buffer.from('hello'))));
  await builder.leave();
  const { tree, meta: rootMeta } = await builder.finish();
  const about = { metadata: new Map(), parent: undefined, subject: 'new', body: '', timestamp: 1 };
  const commit = serializeCommit({ ...about, rootTree: tree, rootMeta });
  transaction.setRef('os', await writer.metadata('commit', commit));
  await transaction.commit();
  await must(['ostree', `--repo=${repo.path}`, 'fsck']);
  assert.equal(await must(['ostree', `--repo=${repo.path}`, 'cat', 'os', '/usr/motd']), 'hello');
  repo.close();
});

test('fifty imports in one process leak nothing', { skip }, async (t) => {
  const folder = await tempDir(t);
  const source = await commitToArchive(folder, treeOf('bare-user-only'));
  const importOnce = async (name: string) => {
    using repo = makeRepo(join(folder, name));
    const transaction = await startTransaction(repo, { threads: 1 });
    await giveCommit(transaction, source);
    await transaction.commit();
  };
  const descriptors = () => readdirSync('/proc/self/fd').length;
  const warmUp = 10;
  for (let round = 0; round < warmUp; round++) await importOnce(`warm-${round}`);
  const before = { descriptors: descriptors(), memory: process.memoryUsage.rss() };
  for (let round = 0; round < 50; round++) await importOnce(`repo-${round}`);
  assert.ok(descriptors() <= before.descriptors, `${descriptors()} descriptors after ${before.descriptors}`);
  const grown = process.memoryUsage.rss() - before.memory;
  assert.ok(grown < 50 * 1024 * 1024, `the memory grew by ${grown} bytes`);
});
