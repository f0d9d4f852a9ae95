import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { LibostreeRepo } from '../../src/libostree/repository.ts';
import { serializeDict, stringVariant } from '../../src/ostree/metadata-dict.ts';
import { loosePath, type ObjectName } from '../../src/ostree/object-name.ts';
import { must } from '../e2e/support/run.ts';
import { tempDir } from '../e2e/support/scratch.ts';
import { coded } from '../support/expect.ts';
import {
  assertThere,
  commitToArchive,
  giveCommit,
  makeRepo,
  objectsOf,
  readRepo,
  unlessLibostree,
} from '../support/libostree.ts';
import { treeOf } from '../support/libostree-trees.ts';
import { unlessInstalled } from '../support/programs.ts';
import { ROOT } from '../support/project.ts';

const skip = unlessLibostree() || unlessInstalled('ostree');

async function typesIn(path: string): Promise<ReadonlySet<ObjectName['type']>> {
  const types = new Set<ObjectName['type']>();
  for await (const { type } of (await readRepo(path)).objects.list()) types.add(type);
  return types;
}

test('what an aborted import left behind brings no commit into the next one', { skip }, async (t) => {
  const folder = await tempDir(t);
  const source = await commitToArchive(folder, treeOf('archive'));
  using repo = makeRepo(join(folder, 'repo'));
  const first = await repo.startTransaction();
  await giveCommit(first, source);
  await first.detachedMetadata(source.commit, serializeDict(new Map([['forged', stringVariant('yes')]])));
  await first.settle();
  await first.abort();
  assert.deepEqual(await typesIn(repo.path), new Set());

  const next = await repo.startTransaction();
  const [file] = (await objectsOf(source)).filter(({ type }) => type === 'file');
  assert.equal(await next.has(file as ObjectName), true, 'what was verified is there to go on from');
  assert.equal(await next.has({ type: 'commit', checksum: source.commit }), false);
  await next.commit();
  assert.deepEqual(await typesIn(repo.path), new Set(['file', 'dirtree', 'dirmeta']));
  await must(['ostree', `--repo=${repo.path}`, 'fsck']);
});

test('a commit that fails leaves a mark only if it got to its place', { skip }, async (t) => {
  const folder = await tempDir(t);
  const source = await commitToArchive(folder, treeOf('archive'));
  using repo = makeRepo(join(folder, 'repo'));
  const transaction = await repo.startTransaction();
  await giveCommit(transaction, source);
  await transaction.settle();
  // A file where a folder of objects should be made.
  const names = await objectsOf(source);
  const other = names.find(({ checksum }) => checksum.slice(0, 2) !== source.commit.slice(0, 2));
  writeFileSync(join(repo.path, 'objects', (other as ObjectName).checksum.slice(0, 2)), '');
  await assert.rejects(transaction.commit(), coded('ERR_LIBOSTREE', 'cannot commit the transaction'));
  const mark = join(repo.path, `state/${source.commit}.commitpartial`);
  assert.equal(existsSync(mark), existsSync(join(repo.path, loosePath(source.commit, 'commit'))));
});

test('a commit that was partial is complete after its objects came', { skip }, async (t) => {
  const folder = await tempDir(t);
  const source = await commitToArchive(folder, treeOf('archive'));
  using repo = makeRepo(join(folder, 'repo'));
  const pull = ['ostree', `--repo=${repo.path}`, 'pull-local', '--commit-metadata-only'];
  await must([...pull, source.repo.path, source.commit]);
  const mark = join(repo.path, `state/${source.commit}.commitpartial`);
  assert.ok(existsSync(mark));
  const transaction = await repo.startTransaction();
  await giveCommit(transaction, source);
  await transaction.commit();
  assert.ok(!existsSync(mark));
  await assertThere(repo.path, source);
});

test('a process that is killed at any moment leaves a clean repository', { skip }, async (t) => {
  const folder = await tempDir(t);
  const source = await commitToArchive(folder, treeOf('archive', 6 * 1024 * 1024));
  const path = join(folder, 'repo');
  makeRepo(path).close();
  const importer = join(ROOT, 'test/libostree/importer-under-test.ts');
  const fsck = ['ostree', `--repo=${path}`, 'fsck', '--all'];
  for (const delay of [0, 20, 60, 120, 200, 400]) {
    const words = [importer, path, source.repo.path, source.commit];
    const child = spawn(process.execPath, words, { stdio: ['ignore', 'pipe', 'inherit'] });
    const exit = once(child, 'exit');
    child.stdout.once('data', () => setTimeout(() => child.kill('SIGKILL'), delay));
    await exit;
    await must(fsck);
    if (existsSync(join(path, 'refs/heads/os'))) await assertThere(path, source);
  }
  using repo = LibostreeRepo.open(path);
  const transaction = await repo.startTransaction();
  await giveCommit(transaction, source);
  transaction.setRef('os', source.commit);
  await transaction.commit();
  await assertThere(path, source);
  await must(fsck);
  assert.deepEqual(readdirSync(join(path, 'state')), []);
});
