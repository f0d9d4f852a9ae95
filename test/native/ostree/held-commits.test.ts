import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, watch, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import test from 'node:test';
import { variant } from '../../../src/gvariant/index.ts';
import { LibostreeRepo } from '../../../src/native/ostree/repository.ts';
import { startTransaction } from '../../../src/native/ostree/start-transaction.ts';
import { serializeDict, stringVariant } from '../../../src/ostree/metadata-dict.ts';
import { loosePath, type ObjectName } from '../../../src/ostree/object-name.ts';
import { GPG_SIGNATURES } from '../../../src/ostree/sign/signatures.ts';
import { must } from '../../e2e/support/run.ts';
import { tempDir } from '../../e2e/support/scratch.ts';
import { coded } from '../../support/expect.ts';
import {
  assertThere,
  commitToArchive,
  giveCommit,
  giveObject,
  makeRepo,
  objectsOf,
  readRepo,
  unlessLibostree,
} from '../../support/libostree.ts';
import { treeOf } from '../../support/libostree-trees.ts';
import { unlessInstalled } from '../../support/programs.ts';
import { ROOT } from '../../support/project.ts';

const skip = unlessLibostree() || unlessInstalled('ostree');

async function typesIn(path: string): Promise<ReadonlySet<ObjectName['type']>> {
  const types = new Set<ObjectName['type']>();
  for await (const { type } of (await readRepo(path)).objects.list()) types.add(type);
  return types;
}

test('the next import takes no commit from the files of an aborted one', { skip }, async (t) => {
  const folder = await tempDir(t);
  const source = await commitToArchive(folder, treeOf('archive'));
  using repo = makeRepo(join(folder, 'repo'));
  const first = await startTransaction(repo);
  await giveCommit(first, source);
  await first.detachedMetadata(source.commit, serializeDict(new Map([['forged', stringVariant('yes')]])));
  await first.settle();
  await first.abort();
  assert.deepEqual(await typesIn(repo.path), new Set());

  const next = await startTransaction(repo);
  const [file] = (await objectsOf(source)).filter(({ type }) => type === 'file');
  assert.equal(await next.has(file as ObjectName), true, 'what was verified is there to go on from');
  assert.equal(await next.has({ type: 'commit', checksum: source.commit }), false);
  await next.commit();
  assert.deepEqual(await typesIn(repo.path), new Set(['file', 'dirtree', 'dirmeta']));
  await must(['ostree', `--repo=${repo.path}`, 'fsck']);
});

test('a failed commit leaves a mark only if its object was moved to its place', { skip }, async (t) => {
  const folder = await tempDir(t);
  const source = await commitToArchive(folder, treeOf('archive'));
  using repo = makeRepo(join(folder, 'repo'));
  const transaction = await startTransaction(repo);
  await giveCommit(transaction, source);
  await transaction.settle();
  // A file in place of a folder of objects.
  const names = await objectsOf(source);
  const other = names.find(({ checksum }) => checksum.slice(0, 2) !== source.commit.slice(0, 2));
  writeFileSync(join(repo.path, 'objects', (other as ObjectName).checksum.slice(0, 2)), '');
  await assert.rejects(transaction.commit(), coded('ERR_LIBOSTREE', 'cannot commit the transaction'));
  const mark = join(repo.path, `state/${source.commit}.commitpartial`);
  assert.equal(existsSync(mark), existsSync(join(repo.path, loosePath(source.commit, 'commit'))));
});

test('a partial commit is complete once its objects are written', { skip }, async (t) => {
  const folder = await tempDir(t);
  const source = await commitToArchive(folder, treeOf('archive'));
  using repo = makeRepo(join(folder, 'repo'));
  const pull = ['ostree', `--repo=${repo.path}`, 'pull-local', '--commit-metadata-only'];
  await must([...pull, source.repo.path, source.commit]);
  const mark = join(repo.path, `state/${source.commit}.commitpartial`);
  assert.ok(existsSync(mark));
  const transaction = await startTransaction(repo);
  await giveCommit(transaction, source);
  await transaction.commit();
  assert.ok(!existsSync(mark));
  await assertThere(repo.path, source);
});

/** Detached metadata with one signature for each name. */
function signedBy(...names: readonly string[]): Buffer {
  return serializeDict(
    new Map([
      [
        GPG_SIGNATURES,
        variant(
          'aay',
          names.map((name) => Buffer.from(name)),
        ),
      ],
    ]),
  );
}

for (const [what, isVerified, coming, result, isTold] of [
  ['an unverified import keeps the detached metadata', false, signedBy('forged'), signedBy('one'), true],
  [
    'an unverified import of the same detached metadata says nothing',
    false,
    signedBy('one'),
    signedBy('one'),
    false,
  ],
  ['a verified import adds its signatures', true, signedBy('two'), signedBy('one', 'two'), false],
  ['a verified import drops none', true, serializeDict(new Map()), signedBy('one'), false],
] as const) {
  test(`${what} of an existing commit`, { skip }, async (t) => {
    const folder = await tempDir(t);
    const source = await commitToArchive(folder, treeOf('archive'));
    using repo = makeRepo(join(folder, 'repo'));
    const first = await startTransaction(repo);
    await giveCommit(first, source);
    await first.detachedMetadata(source.commit, signedBy('one'));
    await first.commit();
    assert.deepEqual(first.kept, []);

    const next = await startTransaction(repo, { isVerified });
    await giveCommit(next, source);
    await next.detachedMetadata(source.commit, coming);
    await next.commit();
    assert.deepEqual(next.kept, isTold ? [source.commit] : []);
    const { objects } = await readRepo(repo.path);
    assert.deepEqual(await objects.metadata('commitmeta', source.commit), result);
  });
}

test('existing detached metadata is replaced if its commit is missing or it is damaged', {
  skip,
}, async (t) => {
  const folder = await tempDir(t);
  const source = await commitToArchive(folder, treeOf('archive'));
  using repo = makeRepo(join(folder, 'repo'));
  const path = join(repo.path, loosePath(source.commit, 'commitmeta'));
  for (const [present, coming] of [
    [signedBy('of no commit'), signedBy('one')],
    [Buffer.from('rotten'), signedBy('two')],
  ] as const) {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, present);
    const transaction = await startTransaction(repo);
    await giveCommit(transaction, source);
    await transaction.detachedMetadata(source.commit, coming);
    await transaction.commit();
    assert.deepEqual(readFileSync(path), coming);
  }
});

test('metadata of a commit is copied, so that the caller can reuse the memory', { skip }, async (t) => {
  const folder = await tempDir(t);
  const source = await commitToArchive(folder, treeOf('archive'));
  using repo = makeRepo(join(folder, 'repo'));
  const transaction = await startTransaction(repo);
  for (const name of await objectsOf(source)) {
    if (name.type !== 'commit') await giveObject(transaction, source, name);
  }
  const commit = await source.repo.objects.metadata('commit', source.commit);
  const detached = signedBy('one');
  await transaction.metadata('commit', source.commit, commit);
  await transaction.detachedMetadata(source.commit, detached);
  commit.fill(0);
  detached.fill(0);
  await transaction.commit();
  await assertThere(repo.path, source);
  const { objects } = await readRepo(repo.path);
  assert.deepEqual(await objects.metadata('commitmeta', source.commit), signedBy('one'));
});

test('the mark of a commit that was not written is removed', { skip }, async (t) => {
  const folder = await tempDir(t);
  const source = await commitToArchive(folder, treeOf('archive'));
  using repo = makeRepo(join(folder, 'repo'));
  // The folder is a dangling link: looking for the commit works, writing it fails.
  symlinkSync('nowhere', join(repo.path, 'objects', source.commit.slice(0, 2)));
  const transaction = await startTransaction(repo);
  for (const name of await objectsOf(source)) await giveObject(transaction, source, name);
  await assert.rejects(transaction.commit(), coded('ERR_LIBOSTREE', 'cannot commit'));
  assert.ok(!existsSync(join(repo.path, loosePath(source.commit, 'commit'))));
  assert.deepEqual(readdirSync(join(repo.path, 'state')), []);
});

test('a process that is killed at any moment leaves a clean repository', { skip }, async (t) => {
  const folder = await tempDir(t);
  const source = await commitToArchive(folder, treeOf('archive', 6 * 1024 * 1024));
  const path = join(folder, 'repo');
  makeRepo(path).close();
  const importer = join(ROOT, 'test/native/ostree/importer-under-test.ts');
  const fsck = ['ostree', `--repo=${path}`, 'fsck', '--all'];
  for (const change of [1, 3, 10, 30, 60, 120]) {
    const words = [importer, path, source.repo.path, source.commit];
    const child = spawn(process.execPath, words, { stdio: 'ignore' });
    const exit = once(child, 'exit');
    const state = { changes: 0 };
    const watcher = watch(path, { recursive: true }, () => {
      state.changes += 1;
      if (state.changes >= change) child.kill('SIGKILL');
    });
    // Directories that come and go during the listing.
    watcher.on('error', () => {});
    await exit;
    watcher.close();
    await must(fsck);
    if (existsSync(join(path, 'refs/heads/os'))) await assertThere(path, source);
  }
  using repo = LibostreeRepo.open(path);
  const transaction = await startTransaction(repo);
  await giveCommit(transaction, source);
  transaction.setRef('os', source.commit);
  await transaction.commit();
  await assertThere(path, source);
  await must(fsck);
  assert.deepEqual(readdirSync(join(path, 'state')), []);
});
