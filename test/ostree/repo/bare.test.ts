import assert from 'node:assert/strict';
import { fstatSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { collect } from '../../../src/base/bytes.ts';
import { loosePath } from '../../../src/ostree/object-name.ts';
import { openRepository } from '../../../src/ostree/repo/open.ts';
import type { XattrReader } from '../../../src/ostree/repo/xattr-reader.ts';
import { must } from '../../e2e/support/run.ts';
import { tempDir } from '../../e2e/support/scratch.ts';
import { repeatedChecksum } from '../../support/checksums.ts';
import { coded } from '../../support/expect.ts';
import { unlessInstalled } from '../../support/programs.ts';

const SUM = repeatedChecksum('ab');

async function place(t: TestContext, mode: string, xattrs?: XattrReader) {
  const folder = await tempDir(t);
  const path = join(folder, loosePath(SUM, 'file'));
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(join(folder, 'config'), `[core]\nmode=${mode}\n`);
  const repo = await openRepository(folder, xattrs === undefined ? {} : { xattrs });
  return { path, content: () => repo.objects.content(SUM), open: () => repo.objects.openContent?.(SUM) };
}

const someXattrs: XattrReader = {
  list: () => [
    { name: Buffer.from('user.b'), value: Buffer.from('2') },
    { name: Buffer.from('user.a'), value: Buffer.from('1') },
  ],
  get: () => undefined,
};

test('bare takes owners, mode and sorted attributes from the file', async (t) => {
  const { path, content } = await place(t, 'bare', someXattrs);
  writeFileSync(path, 'foo', { mode: 0o640 });
  const { header, size, stream } = await content();
  assert.equal(header.mode, 0o100640);
  assert.equal(header.uid, process.geteuid?.());
  assert.equal(Buffer.from(header.xattrs).toString('latin1'), 'user.a\x001\x07user.b\x002\x07\x09\x12');
  assert.equal(size, 3);
  assert.equal((await collect(stream())).toString(), 'foo');
});

test('bare-user-only takes the mode only', async (t) => {
  const { path, content } = await place(t, 'bare-user-only');
  writeFileSync(path, 'foo', { mode: 0o640 });
  const { header } = await content();
  assert.deepEqual(header, { uid: 0, gid: 0, mode: 0o100640, target: '', xattrs: Buffer.alloc(0) });
});

test('a symlink is the object, its target taken literally', async (t) => {
  const { path, content } = await place(t, 'bare-user-only');
  for (const target of ['../..//weird/.', '.', '/etc/passwd', 'ä😀', 't'.repeat(4000)]) {
    rmSync(path, { force: true });
    symlinkSync(target, path);
    const { header, size, stream } = await content();
    assert.deepEqual(header, { uid: 0, gid: 0, mode: 0o120777, target, xattrs: Buffer.alloc(0) });
    assert.equal(size, 0);
    assert.equal((await collect(stream())).length, 0);
  }
});

test('a target that is not UTF-8 cannot be an object', async (t) => {
  const { path, content } = await place(t, 'bare-user-only');
  symlinkSync(Buffer.from([0x61, 0xff]), path);
  await assert.rejects(content(), coded('ERR_OBJECT_CORRUPT', `${SUM}.file`, 'UTF-8'));
});

test('files of other kinds are no objects', async (t) => {
  const { path, content } = await place(t, 'bare-user-only');
  mkdirSync(path);
  await assert.rejects(content(), coded('ERR_OBJECT_CORRUPT', `${SUM}.file`));
  rmSync(path, { recursive: true });
  await assert.rejects(content(), coded('ERR_OBJECT_MISSING', `${SUM}.file`));
  if (unlessInstalled('mkfifo') !== false) return;
  await must(['mkfifo', path]);
  await assert.rejects(content(), coded('ERR_OBJECT_CORRUPT', `${SUM}.file`));
});

test('attributes that cannot be read are an unreadable object', async (t) => {
  const failing: XattrReader = {
    ...someXattrs,
    list() {
      throw Object.assign(new Error('EIO: i/o error'), { code: 'EIO' });
    },
  };
  const { path, content } = await place(t, 'bare', failing);
  writeFileSync(path, 'foo');
  await assert.rejects(content(), coded('ERR_OBJECT_UNREADABLE', `${SUM}.file`, 'EIO'));
});

test('an opened object is the same as one that is read', async (t) => {
  const { path, content, open } = await place(t, 'bare', someXattrs);
  for (const size of [0, 1, 300_000]) {
    const bytes = Buffer.from(Array.from({ length: size }, (_, index) => index % 251));
    writeFileSync(path, bytes, { mode: 0o640 });
    const opened = open();
    assert.ok(opened !== undefined);
    assert.deepEqual([opened.header, opened.size], [(await content()).header, size]);
    const memory = Buffer.alloc(size + 1);
    const count = opened.read(memory.subarray(0, 100_000));
    assert.equal(count, Math.min(size, 100_000));
    assert.equal(opened.read(memory.subarray(count)), size - count);
    assert.equal(opened.read(Buffer.alloc(1)), 0);
    opened.close();
    assert.ok(memory.subarray(0, size).equals(bytes));
  }
});

test('symlinks and files of other kinds are not opened, and a missing one is named', async (t) => {
  const { path, open } = await place(t, 'bare-user-only');
  symlinkSync('target', path);
  assert.equal(open(), undefined);
  rmSync(path);
  mkdirSync(path);
  assert.equal(open(), undefined);
  rmSync(path, { recursive: true });
  assert.throws(open, coded('ERR_OBJECT_MISSING', `${SUM}.file`, path));
});

test('attributes of an open file that cannot be read are an unreadable object, and the file is closed', async (t) => {
  const descriptors: (number | undefined)[] = [];
  const failing: XattrReader = {
    ...someXattrs,
    list(_, descriptor) {
      descriptors.push(descriptor);
      throw Object.assign(new Error('EIO: i/o error'), { code: 'EIO' });
    },
  };
  const { path, open } = await place(t, 'bare', failing);
  writeFileSync(path, 'foo');
  assert.throws(open, coded('ERR_OBJECT_UNREADABLE', `${SUM}.file`, 'EIO'));
  assert.throws(() => fstatSync(descriptors[0] as number), { code: 'EBADF' });
});
