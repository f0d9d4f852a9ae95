import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { LibostreeRepo, type WritableMode } from '../../../src/native/ostree/repository.ts';
import { startTransaction } from '../../../src/native/ostree/start-transaction.ts';
import { must, run } from '../../e2e/support/run.ts';
import { tempDir } from '../../e2e/support/scratch.ts';
import { repeatedChecksum, uncheckedChecksum } from '../../support/checksums.ts';
import { coded } from '../../support/expect.ts';
import { makeRepo, unlessLibostree } from '../../support/libostree.ts';
import { inMountNamespace, unlessNamespaces } from '../../support/mount-namespace.ts';
import { unlessInstalled, unlessRoot } from '../../support/programs.ts';
import { ROOT } from '../../support/project.ts';

const skip = unlessLibostree();
const COMMIT = repeatedChecksum('c');
const MODES: readonly WritableMode[] = ['archive', 'bare', 'bare-user', 'bare-user-only'];

for (const mode of MODES) {
  test(`a new repository of mode ${mode}`, { skip }, async (t) => {
    const path = join(await tempDir(t), 'some/where/repo');
    using made = LibostreeRepo.create(path, mode);
    assert.equal(made.mode, mode);
    using opened = LibostreeRepo.open(path);
    assert.deepEqual([opened.path, opened.mode], [path, mode]);
    opened.checkWritable();
  });
}

test('an existing repository is opened if it has the same mode', { skip }, async (t) => {
  const path = join(await tempDir(t), 'repo');
  using first = LibostreeRepo.create(path, 'bare');
  first.setRef('kept', COMMIT);
  using again = LibostreeRepo.create(path, 'bare');
  assert.equal(again.mode, 'bare');
  assert.ok(existsSync(join(path, 'refs/heads/kept')));
  assert.throws(() => LibostreeRepo.create(path, 'archive'), coded('ERR_REPO_MODE', 'mode bare', path));
});

test('paths that are not repositories', { skip }, async (t) => {
  const folder = await tempDir(t);
  const nowhere = join(folder, 'nowhere');
  assert.throws(() => LibostreeRepo.open(nowhere), coded('ERR_REPO_MISSING', nowhere));
  assert.throws(() => LibostreeRepo.open(folder), coded('ERR_REPO_MISSING', folder));
  const file = join(folder, 'file');
  writeFileSync(file, '');
  assert.throws(() => LibostreeRepo.open(file), coded('ERR_REPO_MISSING', file));
  assert.throws(() => LibostreeRepo.create(join(file, 'below'), 'bare'), coded('ERR_IO', file));
});

test('a malformed config, and an unknown mode', { skip }, async (t) => {
  const path = join(await tempDir(t), 'repo');
  LibostreeRepo.create(path, 'archive').close();
  const config = join(path, 'config');
  writeFileSync(config, '[core]\nrepo_version=1\nmode=baroque\n');
  assert.throws(() => LibostreeRepo.open(path), coded('ERR_REPO_MODE', 'baroque'));
  writeFileSync(config, 'no key file');
  assert.throws(() => LibostreeRepo.open(path), coded('ERR_REPO_CONFIG', path));
});

test('a config that is a FIFO does not block', {
  skip: skip || unlessInstalled('mkfifo'),
}, async (t) => {
  const path = join(await tempDir(t), 'repo');
  LibostreeRepo.create(path, 'archive').close();
  rmSync(join(path, 'config'));
  await must(['mkfifo', join(path, 'config')]);
  assert.throws(() => LibostreeRepo.open(path), coded('ERR_FILE_UNSAFE', path, 'a FIFO'));
});

test('mode bare-split-xattrs cannot be written', { skip }, async (t) => {
  const path = join(await tempDir(t), 'repo');
  LibostreeRepo.create(path, 'bare').close();
  writeFileSync(join(path, 'config'), '[core]\nrepo_version=1\nmode=bare-split-xattrs\n');
  assert.throws(() => LibostreeRepo.open(path), coded('ERR_REPO_MODE', 'bare-split-xattrs', path));
  using source = LibostreeRepo.openToRead(path);
  assert.equal(source.mode, 'bare-split-xattrs');
});

test('local and remote refs', { skip }, async (t) => {
  const path = join(await tempDir(t), 'repo');
  using repo = LibostreeRepo.create(path, 'archive');
  repo.setRef('os/x86_64/Grüße', COMMIT);
  repo.setRef('origin:os/main', COMMIT);
  const files = ['refs/heads/os/x86_64/Grüße', 'refs/remotes/origin/os/main'].map((name) => join(path, name));
  assert.deepEqual(
    files.map((file) => readFileSync(file, 'utf8')),
    [`${COMMIT}\n`, `${COMMIT}\n`],
  );
  repo.setRef('origin:os/main', undefined);
  assert.ok(!existsSync(files[1] as string));
});

test('invalid ref names never reach libostree', { skip }, async (t) => {
  const path = join(await tempDir(t), 'repo');
  using repo = LibostreeRepo.create(path, 'archive');
  for (const name of [
    '',
    '..',
    '../up',
    'a//b',
    '/a',
    'a/',
    '.a',
    '-a',
    'a b',
    'a:b:c',
    ':a',
    'a:',
    '../a:b',
    'a/b:c',
    'a\0b',
  ]) {
    assert.throws(() => repo.setRef(name, COMMIT), coded('ERR_REF_SYNTAX'), name);
  }
  for (const checksum of ['', 'c', `${COMMIT}0`, COMMIT.toUpperCase(), '../../../etc'].map(
    uncheckedChecksum,
  )) {
    assert.throws(() => repo.setRef('a', checksum), coded('ERR_CHECKSUM_SYNTAX'), checksum);
    assert.throws(() => repo.setPartial(checksum, true), coded('ERR_CHECKSUM_SYNTAX'), checksum);
  }
  assert.deepEqual(readdirSync(join(path, 'refs/heads')), []);
});

test('partial commits', { skip }, async (t) => {
  const path = join(await tempDir(t), 'repo');
  using repo = LibostreeRepo.create(path, 'archive');
  const mark = join(path, `state/${COMMIT}.commitpartial`);
  repo.setPartial(COMMIT, true);
  repo.setPartial(COMMIT, true);
  assert.ok(existsSync(mark));
  repo.setPartial(COMMIT, false);
  repo.setPartial(COMMIT, false);
  assert.ok(!existsSync(mark));
});

test('a closed repository cannot be used', { skip }, async (t) => {
  const repo = LibostreeRepo.create(join(await tempDir(t), 'repo'), 'archive');
  repo.close();
  repo.close();
  assert.throws(() => repo.checkWritable(), /after its release/);
});

const IMPORTER = [process.execPath, join(ROOT, 'test/native/ostree/importer-under-test.ts')] as const;

test('a read-only file system', { skip: skip || unlessNamespaces() }, async (t) => {
  const path = join(await tempDir(t), 'repo');
  makeRepo(path).close();
  const commands = 'mount --bind "$3" "$3"; mount -o remount,ro,bind "$3"; "$1" "$2" "$3"';
  const { stdout, stderr } = await inMountNamespace(commands, ...IMPORTER, path);
  assert.match(
    stdout,
    /^ERR_REPO_READ_ONLY cannot write to the repository \S+: Read-only file system$/m,
    stderr,
  );
});

test('an immutable objects folder', {
  skip: skip || unlessRoot() || unlessInstalled('chattr'),
}, async (t) => {
  const path = join(await tempDir(t), 'repo');
  using repo = makeRepo(path);
  const frozen = join(path, 'objects');
  const { status } = await run(['chattr', '+i', frozen]);
  if (status !== 0) return t.skip('this file system has no immutable files');
  try {
    using opened = LibostreeRepo.open(path);
    await assert.rejects(startTransaction(opened), coded('ERR_REPO_READ_ONLY', path));
  } finally {
    await must(['chattr', '-i', frozen]);
  }
  await (await startTransaction(repo)).abort();
});

test('without libostree', { skip: skip || unlessNamespaces() || unlessInstalled('ldconfig') }, async (t) => {
  const nothing = join(await tempDir(t), 'nothing');
  writeFileSync(nothing, '');
  const library = /libostree-1\.so\.1 .*=> (\S+)$/m.exec(await must(['ldconfig', '-p']))?.[1] as string;
  const commands = 'mount --bind "$3" "$4"; "$1" "$2" "$3"';
  const { stdout, stderr } = await inMountNamespace(commands, ...IMPORTER, nothing, library);
  assert.match(
    stdout,
    /^ERR_LIBOSTREE_MISSING cannot load libostree-1\.so\.1: .*libostree-1-1.*ostree-libs/m,
    stderr,
  );
});
