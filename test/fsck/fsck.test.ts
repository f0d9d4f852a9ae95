import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { MAX_LISTED_FAULTS } from '../../src/fsck/fault-list.ts';
import { type FsckReport, fsck } from '../../src/fsck/fsck.ts';
import { type Checksum, checksumOf, parseChecksum } from '../../src/ostree/checksum.ts';
import { serializeCommit } from '../../src/ostree/commit.ts';
import { commitTree, type TreeDirectory, type TreeNode } from '../../src/ostree/commit-tree.ts';
import { S_IFDIR, serializeDirmeta } from '../../src/ostree/dirmeta.ts';
import { serializeDirtree } from '../../src/ostree/dirtree.ts';
import { loosePath } from '../../src/ostree/object-name.ts';
import { ArchiveWriter } from '../../src/ostree/repo/archive-writer.ts';
import { openRepository } from '../../src/ostree/repo/open.ts';
import { run } from '../e2e/support/run.ts';
import { repeatedChecksum } from '../support/checksums.ts';
import { fixtureObject, updateOstreeFixture, writeOstreeFixture } from '../support/ostree-fixture.ts';
import { unlessInstalled } from '../support/programs.ts';

const ROOT_TREE = parseChecksum('7cdc830f88e37bc9516624cb275a2998b990ffe4fb15a6fac4c7245b68b1461a');
const ROOT_META = parseChecksum('60a960ec9a1b088a76c8e465c0876a4841ab32ea609dcbab76a02aeed0f11839');

async function fixture(t: TestContext) {
  const path = await mkdtemp(join(tmpdir(), 'treeport-fsck-'));
  t.after(() => rm(path, { recursive: true, force: true }));
  const { commit } = await writeOstreeFixture(path);
  return {
    path,
    commit,
    file: (checksum: Checksum, extension: string) => join(path, loosePath(checksum, extension)),
  };
}

async function check(path: string, threads = 2): Promise<FsckReport> {
  return fsck(await openRepository(path), { threads });
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

test('of a great many faults the first in order are listed, and all are counted, by any threads', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'treeport-fsck-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const writer = await ArchiveWriter.create(join(folder, 'repo'));
  const names = Array.from({ length: MAX_LISTED_FAULTS + 5 }, (_, index) => String(index).padStart(6, '0'));
  const files = names.map((name) => ({ name, checksum: checksumOf(Buffer.from(name)) }));
  const tree = serializeDirtree({ files, directories: [] });
  const meta = serializeDirmeta({ uid: 0, gid: 0, mode: S_IFDIR | 0o755, xattrs: [] });
  const rootTree = await writer.metadata('dirtree', tree);
  const rootMeta = await writer.metadata('dirmeta', meta);
  const parts = { metadata: new Map(), parent: undefined, subject: '', body: '', timestamp: 1 };
  await writer.metadata('commit', serializeCommit({ ...parts, rootTree, rootMeta }));
  for (const threads of [1, 2, 3]) {
    const { faults, counts } = await check(writer.path, threads);
    assert.deepEqual(counts, { corrupt: 0, missing: MAX_LISTED_FAULTS + 5, unreadable: 0 });
    assert.deepEqual(
      faults.map(({ path }) => path),
      names.slice(0, MAX_LISTED_FAULTS).map((name) => `/${name}`),
    );
  }
});

test('corrupt, missing and unreadable content is distinguished and located', async (t) => {
  const { path, commit, file } = await fixture(t);
  const corrupt = fixtureObject('/usr/bin/bash');
  const missing = fixtureObject('/usr/bin/hardlink-a');
  const unreadable = fixtureObject('/usr/etc/polkit.conf');
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

test('truncated compressed bytes are corrupt', async (t) => {
  const { path, file } = await fixture(t);
  const checksum = fixtureObject('/usr/bin/bash');
  const bytes = readFileSync(file(checksum, 'filez'));
  writeFileSync(file(checksum, 'filez'), bytes.subarray(0, -4));
  assert.deepEqual(faultsOf(await check(path)), [['corrupt', 'file', checksum, '/usr/bin/bash']]);
});

test('a bad dirtree is reported, and objects below it are skipped', async (t) => {
  const { path, file } = await fixture(t);
  writeFileSync(file(ROOT_TREE, 'dirtree'), 'nonsense');
  assert.deepEqual(faultsOf(await check(path)), [['corrupt', 'dirtree', ROOT_TREE, '/']]);
});

test('a missing dirmeta is reported with its directory', async (t) => {
  const { path, file } = await fixture(t);
  rmSync(file(ROOT_META, 'dirmeta'));
  const faults = faultsOf(await check(path));
  assert.equal(faults.length, 1);
  assert.deepEqual(faults[0]?.slice(0, 3), ['missing', 'dirmeta', ROOT_META]);
});

test('every dirmeta below the root is checked', async (t) => {
  const path = await mkdtemp(join(tmpdir(), 'treeport-fsck-'));
  t.after(() => rm(path, { recursive: true, force: true }));
  const writer = await ArchiveWriter.create(path);
  const directory = (mode: number, ...entries: readonly (readonly [string, TreeNode])[]): TreeDirectory => ({
    kind: 'directory',
    mode,
    entries: new Map(entries),
  });
  const root = directory(
    0o755,
    ['a', directory(0o700, ['deep', directory(0o711)])],
    ['b', directory(0o750)],
    ['c', directory(0o755)],
  );
  await commitTree(writer, root, { timestamp: 0 });
  const metas = [
    ['/a', 0o700],
    ['/a/deep', 0o711],
    ['/b', 0o750],
  ] as const;
  for (const [place, mode] of metas) {
    const bytes = serializeDirmeta({ uid: 0, gid: 0, mode: S_IFDIR | mode, xattrs: [] });
    const checksum = checksumOf(bytes);
    const file = join(path, loosePath(checksum, 'dirmeta'));
    rmSync(file);
    assert.deepEqual(faultsOf(await check(path)), [['missing', 'dirmeta', checksum, place]]);
    writeFileSync(file, 'nonsense');
    assert.deepEqual(faultsOf(await check(path)), [['corrupt', 'dirmeta', checksum, place]]);
    writeFileSync(file, bytes);
  }
  assert.deepEqual((await check(path)).faults, []);
});

test('files below refs that are not refs are faults', async (t) => {
  const { path } = await fixture(t);
  const damage: Readonly<Record<string, (file: string) => void>> = {
    'refs/heads/empty': (file) => writeFileSync(file, ''),
    'refs/heads/truncated': (file) => writeFileSync(file, 'a'.repeat(40)),
    'refs/heads/nowhere': (file) => symlinkSync('nothing', file),
    'refs/heads/outside': (file) => symlinkSync('../../config', file),
    'refs/remotes/origin/empty': (file) => writeFileSync(file, ''),
    'refs/mirrors/org.example.Os/empty': (file) => writeFileSync(file, ''),
    'refs/remotes/file': (file) => writeFileSync(file, ''),
  };
  for (const [name, make] of Object.entries(damage)) {
    mkdirSync(dirname(join(path, name)), { recursive: true });
    make(join(path, name));
  }
  symlinkSync('exampleos/x86_64/stable', join(path, 'refs/heads/alias'));
  const report = await check(path);
  assert.deepEqual(report.damagedRefs.map((ref) => ref.path).toSorted(), Object.keys(damage).toSorted());
  assert.deepEqual(report.faults, []);
  assert.equal(report.commits, 1);
});

test('refs are judged as by ostree fsck', { skip: unlessInstalled('ostree') }, async (t) => {
  const { path, commit } = await fixture(t);
  const cases: readonly (readonly [bad: boolean, make: (file: string) => void])[] = [
    [false, (file) => writeFileSync(file, `${commit}\n`)],
    [false, (file) => symlinkSync('exampleos/x86_64/stable', file)],
    [false, (file) => symlinkSync(join(path, 'refs/heads/exampleos/x86_64/stable'), file)],
    [false, (file) => mkdirSync(file)],
    [true, (file) => writeFileSync(file, '')],
    [true, (file) => writeFileSync(file, commit.slice(0, 40))],
    [true, (file) => writeFileSync(file, commit.toUpperCase())],
    [true, (file) => writeFileSync(file, `${commit} x`)],
    [true, (file) => symlinkSync('nothing', file)],
    [true, (file) => symlinkSync('case', file)],
    [true, (file) => symlinkSync('exampleos', file)],
    [true, (file) => symlinkSync('/etc/passwd', file)],
  ];
  for (const [index, [bad, make]] of cases.entries()) {
    const file = join(path, 'refs/heads/case');
    make(file);
    const theirs = await run(['ostree', `--repo=${path}`, 'fsck', '--quiet']);
    assert.equal(theirs.status, bad ? 1 : 0, `ostree, case ${index}: ${theirs.stderr}`);
    const { damagedRefs, faults } = await check(path);
    assert.equal(damagedRefs.length + faults.length, bad ? 1 : 0, `case ${index}`);
    rmSync(file, { recursive: true });
  }
});

test('a refs folder that links out of the repository is a fault', async (t) => {
  const { path, commit } = await fixture(t);
  renameSync(join(path, 'refs'), `${path}-refs`);
  t.after(() => rm(`${path}-refs`, { recursive: true }));
  symlinkSync(`${path}-refs`, join(path, 'refs'));
  const report = await check(path);
  assert.deepEqual(
    report.damagedRefs.map((ref) => ref.path),
    ['refs'],
  );
  assert.equal(report.commits, 1, commit);
});

test('a ref to a missing commit is a fault', async (t) => {
  const { path } = await fixture(t);
  const absent = repeatedChecksum('f');
  writeFileSync(join(path, 'refs/heads/broken'), `${absent}\n`);
  assert.deepEqual(faultsOf(await check(path)), [['missing', 'commit', absent, '/']]);
});

test('partial commits are counted and skipped', async (t) => {
  const { path, commit, file } = await fixture(t);
  rmSync(file(fixtureObject('/usr/bin/bash'), 'filez'));
  writeFileSync(join(path, `state/${commit}.commitpartial`), '');
  const report = await check(path);
  assert.deepEqual([report.commits, report.partialCommits, report.faults.length], [0, 1, 0]);
});

test('an object without read permission is unreadable', {
  skip: process.getuid?.() === 0 && 'root may read anything',
}, async (t) => {
  const { path, file } = await fixture(t);
  const checksum = fixtureObject('/usr/bin/bash');
  chmodSync(file(checksum, 'filez'), 0);
  assert.deepEqual(faultsOf(await check(path)), [['unreadable', 'file', checksum, '/usr/bin/bash']]);
});
