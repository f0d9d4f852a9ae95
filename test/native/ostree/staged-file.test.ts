import assert from 'node:assert/strict';
import { appendFileSync, lstatSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { libdeflate } from '../../../src/native/deflate/libdeflate.ts';
import { libcXattrs } from '../../../src/native/libc/xattrs.ts';
import { LibostreeRepo, type WritableMode } from '../../../src/native/ostree/repository.ts';
import { canStageFiles } from '../../../src/native/ostree/staged-file.ts';
import { startTransaction } from '../../../src/native/ostree/start-transaction.ts';
import { isSymlink, parseArchiveHeader } from '../../../src/ostree/file-header.ts';
import { inflateWhole } from '../../../src/ostree/inflate.ts';
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
const skipArchive =
  skip || (libdeflate() === undefined && 'the runtime with libdeflate was not made (scripts/runtimes.ts)');
/** One that passes whole, and one in pieces. */
const SIZES = [1000, 5 * 1024 * 1024];

for (const size of SIZES) {
  test(`files are as libostree makes them, with one of ${size} bytes`, { skip }, async (t) => {
    const folder = await tempDir(t);
    const source = await commitToArchive(folder, treeOf('bare', size));
    const theirs = join(folder, 'theirs');
    makeRepo(theirs, 'bare').close();
    await must(['ostree', `--repo=${theirs}`, 'pull-local', source.repo.path, source.commit]);
    const ours = await imported(folder, source, 'bare');
    for (const { checksum, type } of await objectsOf(source)) {
      if (type !== 'file') continue;
      const path = loosePath(checksum, type);
      assert.deepEqual(described(join(ours, path)), described(join(theirs, path)), path);
    }
    assert.deepEqual(readdirSync(join(ours, 'tmp')), readdirSync(join(theirs, 'tmp')));
  });
}

for (const size of SIZES) {
  test(`archive files are as libostree makes them, with one of ${size} bytes`, {
    skip: skipArchive,
  }, async (t) => {
    const folder = await tempDir(t);
    const source = await commitToArchive(folder, treeOf('bare', size));
    const ours = await imported(folder, source, 'archive');
    const bare = await pulled(ours, source, join(folder, 'bare'), 'bare');
    const theirs = await pulled(bare, source, join(folder, 'theirs'), 'archive');
    for (const { checksum, type } of await objectsOf(source)) {
      if (type !== 'file') continue;
      const [mine, other] = [ours, theirs].map((repo) => join(repo, loosePath(checksum, 'filez')));
      assert.deepEqual(describedArchive(mine), describedArchive(other), checksum);
    }
    assert.deepEqual(readdirSync(join(ours, 'tmp')), readdirSync(join(theirs, 'tmp')));
    await must(['ostree', `--repo=${ours}`, 'fsck', '--quiet']);
  });
}

/** By libostree, which verifies each object. */
async function pulled(from: string, { commit }: SourceCommit, to: string, mode: WritableMode) {
  makeRepo(to, mode).close();
  await must(['ostree', `--repo=${to}`, 'pull-local', '--untrusted', from, commit]);
  return to;
}

/** All but times and the deflated bytes, which are those of another encoder. */
function describedArchive(path = '') {
  const { size: _, mtimeMs: __, ...inode } = { mtimeMs: 0, ...described(path) };
  const bytes = readFileSync(path);
  const { length, size } = parseArchiveHeader(bytes, path);
  const body = bytes.subarray(length);
  const isLink = isSymlink(parseArchiveHeader(bytes, path).header);
  const content = isLink ? body : inflateWhole(body, size, path);
  return { inode, header: bytes.subarray(0, length), content };
}

test('the level of an archive repository is that of its configuration', { skip: skipArchive }, async (t) => {
  const folder = await tempDir(t);
  const bytes = Buffer.from(Array.from({ length: 20_000 }, (_, at) => `${at * at}`).join(' '));
  const sizes: number[] = [];
  for (const level of ['', '1', '9', '99']) {
    const path = join(folder, `level-${level}`);
    makeRepo(path, 'archive').close();
    if (level !== '') appendFileSync(join(path, 'config'), `[archive]\nzlib-level=${level}\n`);
    using repo = LibostreeRepo.open(path);
    const transaction = await startTransaction(repo);
    await transaction.content(contentId(bytes), contentObject(bytes));
    await transaction.commit();
    sizes.push(lstatSync(join(path, loosePath(contentId(bytes), 'filez'))).size);
  }
  const [usual = 0, fastest = 0, best = 0, beyond] = sizes;
  assert.ok(best < usual && usual < fastest, sizes.join(' '));
  assert.equal(beyond, best);
});

/** Everything that is in an inode but times of the test itself. */
function described(path: string) {
  const { mode, uid, gid, size, nlink, mtimeMs } = lstatSync(path);
  const isLink = lstatSync(path).isSymbolicLink();
  const xattrs = libcXattrs
    .list(path, undefined)
    .map(({ name, value }) => `${name}=${value.toString('hex')}`);
  return { mode, uid, gid, size, nlink, xattrs: xattrs.toSorted(), ...(isLink ? {} : { mtimeMs }) };
}

async function imported(folder: string, source: SourceCommit, mode: WritableMode): Promise<string> {
  const path = join(folder, 'ours');
  using repo = makeRepo(path, mode);
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
