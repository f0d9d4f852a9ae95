import assert from 'node:assert/strict';
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { collect } from '../../../src/base/bytes.ts';
import type { ErrorCode } from '../../../src/base/error-codes.ts';
import { archiveHeader, type FileHeader } from '../../../src/ostree/file-header.ts';
import { encodeSmallFilez } from '../../../src/ostree/filez.ts';
import { loosePath } from '../../../src/ostree/object-name.ts';
import { type ContentHead, type ContentObject, contentHead } from '../../../src/ostree/object-source.ts';
import { openRepository } from '../../../src/ostree/repo/open.ts';
import { must } from '../../e2e/support/run.ts';
import { tempDir } from '../../e2e/support/scratch.ts';
import { repeatedChecksum } from '../../support/checksums.ts';
import { coded } from '../../support/expect.ts';
import { unlessInstalled } from '../../support/programs.ts';

const SUM = repeatedChecksum('ab');
const REGULAR: FileHeader = { uid: 1, gid: 2, mode: 0o100644, target: '', xattrs: Buffer.alloc(0) };
const SYMLINK: FileHeader = { ...REGULAR, mode: 0o120777, target: '../..//a' };

type Place = {
  readonly path: string;
  readonly content: () => Promise<ContentObject>;
  readonly head: () => Promise<ContentHead>;
};

async function place(t: TestContext, bytes?: Uint8Array): Promise<Place> {
  const folder = await tempDir(t);
  const path = join(folder, loosePath(SUM, 'filez'));
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(join(folder, 'config'), '[core]\nmode=archive-z2\n');
  if (bytes !== undefined) writeFileSync(path, bytes);
  const repo = await openRepository(folder);
  return { path, content: () => repo.objects.content(SUM), head: () => contentHead(repo.objects, SUM) };
}

test('files of every size class come back', async (t) => {
  const noise = Buffer.from(Array.from({ length: 400_000 }, (_, index) => (index * index) >>> 3));
  const contents = {
    empty: Buffer.alloc(0),
    small: Buffer.from('foo'),
    'small, large when inflated': Buffer.alloc(3_000_000, 'a'),
    'large, read in pieces': noise,
  };
  for (const [what, bytes] of Object.entries(contents)) {
    const { content, head } = await place(t, encodeSmallFilez(REGULAR, bytes));
    const object = await content();
    assert.deepEqual(await head(), { header: REGULAR, size: bytes.length }, what);
    assert.deepEqual(object.header, REGULAR, what);
    assert.equal(object.size, bytes.length, what);
    assert.ok((await collect(object.stream())).equals(bytes), what);
  }
});

test('a symlink has no bytes', async (t) => {
  const { content, head } = await place(t, encodeSmallFilez(SYMLINK, Buffer.alloc(0)));
  assert.deepEqual(await head(), { header: SYMLINK, size: 0 });
  const object = await content();
  assert.deepEqual(object.header, SYMLINK);
  assert.equal(object.size, 0);
  assert.equal((await collect(object.stream())).length, 0);
});

test('a header larger than the first read', async (t) => {
  const value = Buffer.alloc(200_000, 'v');
  const offsets = Buffer.alloc(8);
  offsets.writeUInt32LE(7, 0);
  offsets.writeUInt32LE(7 + value.length + 4, 4);
  const header = { ...REGULAR, xattrs: Buffer.concat([Buffer.from('user.a\0'), value, offsets]) };
  const { content, head } = await place(t, encodeSmallFilez(header, Buffer.from('foo')));
  const object = await content();
  assert.deepEqual(await head(), { header, size: 3 });
  assert.deepEqual(object.header, header);
  assert.equal((await collect(object.stream())).toString(), 'foo');
});

test('broken files name the object', async (t) => {
  const good = encodeSmallFilez(REGULAR, Buffer.from('foo'));
  const wrongString = Buffer.from(good);
  wrongString[8 + 24] = 0x41;
  const cases: Record<string, Buffer> = {
    'no bytes': Buffer.alloc(0),
    'half a header': good.subarray(0, 20),
    'a header that is no variant': wrongString,
    zeros: Buffer.alloc(300),
    'a symlink with content': Buffer.concat([archiveHeader(SYMLINK, 0), Buffer.from('0300', 'hex')]),
    'a symlink of some size': archiveHeader(SYMLINK, 3),
    'a large file of nothing': Buffer.alloc(200_000),
  };
  for (const [what, bytes] of Object.entries(cases)) {
    await t.test(what, async (t) => {
      const { content, head } = await place(t, bytes);
      for (const read of [content, head])
        await assert.rejects(read(), coded('ERR_OBJECT_CORRUPT', `${SUM}.filez`));
    });
  }
});

test('files of other kinds are not opened', async (t) => {
  const { path, content, head } = await place(t);
  const refused = async (code: ErrorCode) => {
    for (const read of [content, head]) await assert.rejects(read(), coded(code, `${SUM}.filez`));
  };
  await refused('ERR_OBJECT_MISSING');
  symlinkSync('/etc/passwd', path);
  await refused('ERR_OBJECT_UNREADABLE');
  rmSync(path);
  mkdirSync(path);
  await refused('ERR_OBJECT_UNREADABLE');
});

test('a FIFO does not make us wait', { skip: unlessInstalled('mkfifo') }, async (t) => {
  const { path, content } = await place(t);
  await must(['mkfifo', path]);
  await assert.rejects(content(), coded('ERR_OBJECT_UNREADABLE', `${SUM}.filez`));
});
