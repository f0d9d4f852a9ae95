import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { type FsckReport, fsck } from '../../src/fsck/fsck.ts';
import { loosePath } from '../../src/ostree/object-name.ts';
import { openRepository } from '../../src/ostree/repo/open.ts';
import { FIXTURE_OBJECTS, updateOstreeFixture, writeOstreeFixture } from '../support/ostree-fixture.ts';

const ROOT_TREE = '7cdc830f88e37bc9516624cb275a2998b990ffe4fb15a6fac4c7245b68b1461a';
const ROOT_META = '60a960ec9a1b088a76c8e465c0876a4841ab32ea609dcbab76a02aeed0f11839';

async function fixture(t: TestContext) {
  const path = await mkdtemp(join(tmpdir(), 'treeport-fsck-'));
  t.after(() => rm(path, { recursive: true, force: true }));
  const { commit } = await writeOstreeFixture(path);
  return {
    path,
    commit,
    file: (checksum: string, extension: string) => join(path, loosePath(checksum, extension)),
  };
}

async function check(path: string): Promise<FsckReport> {
  return fsck(await openRepository(path), { threads: 2 });
}

function objectAt(path: string): string {
  const checksum = FIXTURE_OBJECTS[path];
  assert.ok(checksum, `the fixture has ${path}`);
  return checksum;
}

function faultsOf(report: FsckReport) {
  return report.faults.map(({ kind, object, path }) => [kind, object.type, object.checksum, path]);
}

test('a good repository has no faults, and every object is counted', async (t) => {
  const { path } = await fixture(t);
  const report = await check(path);
  assert.deepEqual(report.faults, []);
  assert.equal(report.commits, 1);
  assert.ok(report.objects > 20, String(report.objects));
});

test('a commit that no ref names is checked as well', async (t) => {
  const { path, commit } = await fixture(t);
  await updateOstreeFixture({ path, commit });
  assert.equal((await check(path)).commits, 2);
});

test('corrupt, missing and unreadable content is told apart and located', async (t) => {
  const { path, commit, file } = await fixture(t);
  const [corrupt, missing, unreadable] = ['/usr/bin/bash', '/usr/bin/hardlink-a', '/usr/etc/polkit.conf'].map(
    objectAt,
  ) as [string, string, string];
  const bytes = readFileSync(file(corrupt, 'filez'));
  // Owner: the first byte of the uid in the archive header.
  bytes[16] = 1;
  writeFileSync(file(corrupt, 'filez'), bytes);
  rmSync(file(missing, 'filez'));
  rmSync(file(unreadable, 'filez'));
  mkdirSync(file(unreadable, 'filez'));

  const report = await check(path);
  const expected = [
    ['corrupt', 'file', corrupt, '/usr/bin/bash'],
    ['missing', 'file', missing, '/usr/bin/hardlink-a'],
    ['unreadable', 'file', unreadable, '/usr/etc/polkit.conf'],
  ];
  assert.deepEqual(faultsOf(report).toSorted(), expected.toSorted());
  for (const fault of report.faults) {
    assert.equal(fault.commit, commit);
    assert.match(fault.message, new RegExp(fault.object.checksum));
    assert.doesNotMatch(fault.message, /\n/);
  }
});

test('compressed bytes that are cut off are corrupt', async (t) => {
  const { path, file } = await fixture(t);
  const checksum = objectAt('/usr/bin/bash');
  const bytes = readFileSync(file(checksum, 'filez'));
  writeFileSync(file(checksum, 'filez'), bytes.subarray(0, -4));
  assert.deepEqual(faultsOf(await check(path)), [['corrupt', 'file', checksum, '/usr/bin/bash']]);
});

test('a bad dirtree hides what lies below it and is named itself', async (t) => {
  const { path, file } = await fixture(t);
  writeFileSync(file(ROOT_TREE, 'dirtree'), 'nonsense');
  assert.deepEqual(faultsOf(await check(path)), [['corrupt', 'dirtree', ROOT_TREE, '/']]);
});

test('a missing dirmeta is named with its directory', async (t) => {
  const { path, file } = await fixture(t);
  rmSync(file(ROOT_META, 'dirmeta'));
  const faults = faultsOf(await check(path));
  assert.equal(faults.length, 1);
  assert.deepEqual(faults[0]?.slice(0, 3), ['missing', 'dirmeta', ROOT_META]);
});

test('a ref to a commit that is not there is a fault', async (t) => {
  const { path } = await fixture(t);
  const absent = 'f'.repeat(64);
  writeFileSync(join(path, 'refs/heads/broken'), `${absent}\n`);
  assert.deepEqual(faultsOf(await check(path)), [['missing', 'commit', absent, '/']]);
});

test('partial commits are counted and left out', async (t) => {
  const { path, commit, file } = await fixture(t);
  rmSync(file(objectAt('/usr/bin/bash'), 'filez'));
  writeFileSync(join(path, `state/${commit}.commitpartial`), '');
  const report = await check(path);
  assert.deepEqual([report.commits, report.partialCommits, report.faults.length], [0, 1, 0]);
});

test('an object that may not be read is unreadable', {
  skip: process.getuid?.() === 0 && 'root may read anything',
}, async (t) => {
  const { path, file } = await fixture(t);
  const checksum = objectAt('/usr/bin/bash');
  chmodSync(file(checksum, 'filez'), 0);
  assert.deepEqual(faultsOf(await check(path)), [['unreadable', 'file', checksum, '/usr/bin/bash']]);
});
