import assert from 'node:assert/strict';
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { constants, deflateRawSync } from 'node:zlib';
import { collect } from '../../../src/base/bytes.ts';
import type { ErrorCode } from '../../../src/base/error-codes.ts';
import { archiveHeader, type FileHeader } from '../../../src/ostree/file-header.ts';
import { encodeSmallFilez } from '../../../src/ostree/filez.ts';
import { loosePath } from '../../../src/ostree/object-name.ts';
import {
  type ContentHead,
  type ContentObject,
  contentHead,
  type OpenedContent,
} from '../../../src/ostree/object-source.ts';
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
  readonly open: () => Promise<OpenedContent | undefined>;
};

async function place(t: TestContext, bytes?: Uint8Array): Promise<Place> {
  const folder = await tempDir(t);
  const path = join(folder, loosePath(SUM, 'filez'));
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(join(folder, 'config'), '[core]\nmode=archive-z2\n');
  if (bytes !== undefined) writeFileSync(path, bytes);
  const repo = await openRepository(folder);
  const { objects } = repo;
  return {
    path,
    content: () => objects.content(SUM),
    head: () => contentHead(objects, SUM),
    open: async () => objects.openContent?.(SUM),
  };
}

/** All bytes of an opened object, read in parts of `length`. */
function readOpened(opened: OpenedContent, length: number): Buffer {
  const parts: Buffer[] = [];
  for (;;) {
    const part = Buffer.alloc(length);
    const count = opened.read(part);
    parts.push(part.subarray(0, count));
    if (count < length) return Buffer.concat(parts);
  }
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
    const { content, head, open } = await place(t, encodeSmallFilez(REGULAR, bytes));
    const object = await content();
    const opened = (await open()) ?? assert.fail(what);
    assert.deepEqual([opened.header, opened.size], [REGULAR, bytes.length], what);
    assert.ok(readOpened(opened, 100_000).equals(bytes), what);
    opened.close();
    assert.deepEqual(await head(), { header: REGULAR, size: bytes.length }, what);
    assert.deepEqual(object.header, REGULAR, what);
    assert.equal(object.size, bytes.length, what);
    assert.ok((await collect(object.stream())).equals(bytes), what);
  }
});

test('an object that takes much memory is not opened at once, whichever size is large', async (t) => {
  const large = Buffer.alloc(4 * 1024 * 1024 + 1, 'a');
  const stored = Buffer.concat([
    archiveHeader(REGULAR, large.length),
    deflateRawSync(large, { level: constants.Z_NO_COMPRESSION }),
  ]);
  for (const file of [encodeSmallFilez(REGULAR, large), stored]) {
    const { content, open } = await place(t, file);
    assert.equal(await open(), undefined);
    assert.ok((await collect((await content()).stream())).equals(large));
  }
});

test('opened objects do not share memory', async (t) => {
  const objects = [1, 2].map((fill) => encodeSmallFilez(REGULAR, Buffer.alloc(10_000, fill)));
  const opened = await Promise.all(objects.map(async (bytes) => (await place(t, bytes)).open()));
  for (const [index, each] of opened.entries())
    assert.ok(readOpened(each ?? assert.fail(), 999).equals(Buffer.alloc(10_000, index + 1)));
  for (const each of opened) each?.close();
});

test('headers that many files share are told apart by every field', async (t) => {
  const headers: readonly FileHeader[] = [
    REGULAR,
    { ...REGULAR, uid: 2 },
    { ...REGULAR, gid: 1 },
    { ...REGULAR, mode: 0o100600 },
    SYMLINK,
    { ...SYMLINK, target: 'b' },
  ];
  for (const header of [...headers, ...headers]) {
    const bytes = header.target === '' ? Buffer.from('foo') : Buffer.alloc(0);
    const { head } = await place(t, encodeSmallFilez(header, bytes));
    assert.deepEqual(await head(), { header, size: bytes.length });
  }
});

test('a symlink has no bytes', async (t) => {
  const { content, head, open } = await place(t, encodeSmallFilez(SYMLINK, Buffer.alloc(0)));
  assert.deepEqual(await head(), { header: SYMLINK, size: 0 });
  const object = await content();
  assert.deepEqual(object.header, SYMLINK);
  assert.equal(object.size, 0);
  assert.equal((await collect(object.stream())).length, 0);
  const opened = (await open()) ?? assert.fail();
  assert.deepEqual([opened.header, opened.size, opened.read(Buffer.alloc(9))], [SYMLINK, 0, 0]);
  opened.close();
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
      const { content, head, open } = await place(t, bytes);
      for (const read of [content, head, open])
        await assert.rejects(read(), coded('ERR_OBJECT_CORRUPT', `${SUM}.filez`));
    });
  }
});

test('files of other kinds are not opened', async (t) => {
  const { path, content, head, open } = await place(t);
  const refused = async (code: ErrorCode) => {
    for (const read of [content, head, open]) await assert.rejects(read(), coded(code, `${SUM}.filez`));
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
