import assert from 'node:assert/strict';
import { appendFileSync, lstatSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { libcXattrs } from '../../../src/native/libc/xattrs.ts';
import { LibostreeRepo } from '../../../src/native/ostree/repository.ts';
import { canStageFiles } from '../../../src/native/ostree/staged-file.ts';
import { startTransaction } from '../../../src/native/ostree/start-transaction.ts';
import { loosePath } from '../../../src/ostree/object-name.ts';
import { must } from '../../e2e/support/run.ts';
import { tempDir } from '../../e2e/support/scratch.ts';
import { contentId, contentObject } from '../../support/content-objects.ts';
import {
  commitToArchive,
  giveCommit,
  makeRepo,
  objectsOf,
  type SourceCommit,
  unlessLibostree,
} from '../../support/libostree.ts';
import { treeOf } from '../../support/libostree-trees.ts';
import { unlessInstalled, unlessRoot } from '../../support/programs.ts';

const skip = unlessLibostree() || unlessInstalled('ostree') || unlessRoot();
/** One that passes whole, and one in pieces. */
const SIZES = [1000, 5 * 1024 * 1024];

for (const size of SIZES) {
  test(`files are as libostree makes them, with one of ${size} bytes`, { skip }, async (t) => {
    const folder = await tempDir(t);
    const source = await commitToArchive(folder, treeOf('bare', size));
    const theirs = join(folder, 'theirs');
    makeRepo(theirs, 'bare').close();
    await must(['ostree', `--repo=${theirs}`, 'pull-local', source.repo.path, source.commit]);
    const ours = await imported(folder, source);
    for (const { checksum, type } of await objectsOf(source)) {
      if (type !== 'file') continue;
      const path = loosePath(checksum, type);
      assert.deepEqual(described(join(ours, path)), described(join(theirs, path)), path);
    }
    assert.deepEqual(readdirSync(join(ours, 'tmp')), readdirSync(join(theirs, 'tmp')));
  });
}

/** Everything that is in an inode but times of the test itself. */
function described(path: string) {
  const { mode, uid, gid, size, nlink, mtimeMs } = lstatSync(path);
  const isLink = lstatSync(path).isSymbolicLink();
  const xattrs = libcXattrs
    .list(path, undefined)
    .map(({ name, value }) => `${name}=${value.toString('hex')}`);
  return { mode, uid, gid, size, nlink, xattrs: xattrs.toSorted(), ...(isLink ? {} : { mtimeMs }) };
}

async function imported(folder: string, source: SourceCommit): Promise<string> {
  const path = join(folder, 'ours');
  using repo = makeRepo(path, 'bare');
  const transaction = await startTransaction(repo);
  await giveCommit(transaction, source);
  await transaction.commit();
  return path;
}

test('a file that is there keeps its inode', { skip }, async (t) => {
  const path = join(await tempDir(t), 'repo');
  using repo = makeRepo(path, 'bare');
  const files = SIZES.map((size) => Buffer.alloc(size, 'x'));
  const inodes = async () => {
    const transaction = await startTransaction(repo);
    for (const bytes of files) await transaction.content(contentId(bytes), contentObject(bytes));
    const { contentObjects } = await transaction.commit();
    const places = files.map((bytes) => join(path, loosePath(contentId(bytes), 'file')));
    return { contentObjects, inodes: places.map((place) => lstatSync(place).ino) };
  };
  const first = await inodes();
  assert.deepEqual(await inodes(), { contentObjects: 0, inodes: first.inodes });
  assert.equal(first.contentObjects, 2);
});

/** How often the file of an import is synced, or measured by fs-verity. */
async function callsOf(t: TestContext, config: string, calls: string): Promise<readonly string[]> {
  const folder = await tempDir(t);
  const path = join(folder, 'repo');
  LibostreeRepo.create(path, 'bare').close();
  appendFileSync(join(path, 'config'), `min-free-space-percent=0\n${config}`);
  const source = await commitToArchive(folder, treeOf('bare'));
  const importer = join(import.meta.dirname, 'importer-under-test.ts');
  const trace = join(folder, 'trace');
  const traced = ['strace', '-f', '-y', '-e', `trace=${calls}`, '-o', trace];
  await must([...traced, process.execPath, importer, path, source.repo.path, source.commit]);
  return readFileSync(trace, 'utf8').split('\n');
}

test('libostree writes where each file is to be synced or sealed', {
  skip: skip || unlessInstalled('strace'),
}, async (t) => {
  const opened = (lines: readonly string[]) =>
    lines.some((line) => /"[^"]*staging-[^"]*", [^,]*O_TMPFILE/.test(line));
  assert.ok(opened(await callsOf(t, '', 'openat,open')));
  for (const config of ['per-object-fsync=true\n', '[ex-integrity]\nfsverity=maybe\n'])
    assert.ok(!opened(await callsOf(t, config, 'openat,open')), config);
});

test('what has no unnamed files', () => {
  assert.ok(!canStageFiles('/proc'));
  assert.ok(!canStageFiles('/nowhere'));
});
