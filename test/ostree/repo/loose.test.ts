import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, renameSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { collect } from '../../../src/base/bytes.ts';
import { LooseObjects } from '../../../src/ostree/repo/loose.ts';
import { must } from '../../e2e/support/run.ts';
import { tempDir } from '../../e2e/support/scratch.ts';
import { asNobody } from '../../support/as-nobody.ts';
import { repeatedChecksum } from '../../support/checksums.ts';
import { coded } from '../../support/expect.ts';
import { unlessInstalled, unlessRoot } from '../../support/programs.ts';

const SUM = repeatedChecksum('ab');
const NAME = `${SUM}.dirtree`;

async function withObject(t: TestContext, bytes: Uint8Array): Promise<{ loose: LooseObjects; path: string }> {
  const loose = new LooseObjects(await tempDir(t));
  const path = loose.path(SUM, 'dirtree');
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, bytes);
  return { loose, path };
}

test('files of any size are read and streamed, from the start and from within', async (t) => {
  for (const size of [0, 1, 1000, 128 * 1024, 128 * 1024 + 1, 1_000_001]) {
    const bytes = Buffer.from(Array.from({ length: size }, (_, index) => index % 251));
    const { loose } = await withObject(t, bytes);
    assert.ok((await loose.read(SUM, 'dirtree')).equals(bytes));
    for (const start of [0, 1, 300_000]) {
      assert.ok(
        (await collect(loose.stream(SUM, 'dirtree', start))).equals(bytes.subarray(start)),
        `${size} from ${start}`,
      );
    }
    assert.equal((await loose.stat(SUM, 'dirtree')).size, size);
    assert.equal(await loose.exists(SUM, 'dirtree'), true);
  }
});

test('a file that ends before the range is corrupt', async (t) => {
  const { loose } = await withObject(t, Buffer.alloc(1000));
  const header = { uid: 0, gid: 0, mode: 0o100644, target: '', xattrs: Buffer.alloc(0) };
  const object = loose.storedFile(SUM, 'dirtree', header, 2000);
  assert.equal((await collect(object.bytes(10, 1000))).length, 990);
  await assert.rejects(
    collect(object.bytes(999, 1001)),
    coded('ERR_OBJECT_CORRUPT', 'ends at byte 1000, before byte 1001'),
  );
});

test('pieces may be kept by the consumer', async (t) => {
  const bytes = Buffer.concat([Buffer.alloc(300_000, 'a'), Buffer.alloc(300_000, 'b')]);
  const { loose } = await withObject(t, bytes);
  const pieces: Buffer[] = [];
  for await (const piece of loose.stream(SUM, 'dirtree')) pieces.push(piece);
  assert.ok(pieces.length > 1);
  assert.ok(Buffer.concat(pieces).equals(bytes));
});

test('a stream fills the memory that it is given, from the start again when that is full', async (t) => {
  for (const size of [0, 1, 1000, 300_000, 1_000_001]) {
    const bytes = Buffer.from(Array.from({ length: size }, (_, index) => index % 251));
    const { loose } = await withObject(t, bytes);
    const memory = Buffer.alloc(200_000);
    const copies: Buffer[] = [];
    for await (const piece of loose.stream(SUM, 'dirtree', 0, memory)) {
      assert.equal(piece.buffer, memory.buffer);
      copies.push(Buffer.from(piece));
    }
    assert.ok(Buffer.concat(copies).equals(bytes), `${size}`);
  }
  const { loose } = await withObject(t, Buffer.alloc(1000, 'a'));
  const pieces = await collect(loose.stream(SUM, 'dirtree', 0, Buffer.alloc(999)));
  assert.ok(pieces.equals(Buffer.alloc(1000, 'a')), 'a small file that does not fit is read elsewhere');
});

test('a file of any size is read in place, in one buffer', async (t) => {
  const header = { uid: 0, gid: 0, mode: 0o100644, target: '', xattrs: Buffer.alloc(0) };
  for (const size of [0, 1, 256 * 1024, 1_000_001]) {
    const bytes = Buffer.from(Array.from({ length: size }, (_, index) => index % 251));
    const { loose } = await withObject(t, bytes);
    const pieces: Buffer[] = [];
    const memory = new Set<ArrayBufferLike>();
    await loose.storedFile(SUM, 'dirtree', header, size).readInPlace?.((piece) => {
      pieces.push(Buffer.from(piece));
      memory.add(piece.buffer);
    });
    assert.ok(Buffer.concat(pieces).equals(bytes), `${size}`);
    assert.ok(memory.size <= 1 && (size < 500_000 || pieces.length > 1), `${size}`);
  }
  const empty = new LooseObjects(await tempDir(t));
  const absent = empty.storedFile(SUM, 'dirtree', header, 1);
  await assert.rejects(async () => absent.readInPlace?.(() => {}), coded('ERR_OBJECT_MISSING', NAME));
});

test('files that are read in place at once do not share a buffer', async (t) => {
  const { loose } = await withObject(t, Buffer.alloc(1000, 'a'));
  const { loose: other } = await withObject(t, Buffer.alloc(1000, 'b'));
  for (const first of loose.piecesInPlace(SUM, 'dirtree')) {
    for (const second of other.piecesInPlace(SUM, 'dirtree')) assert.equal(second[0], 'b'.charCodeAt(0));
    assert.equal(first[0], 'a'.charCodeAt(0));
  }
});

test('a missing object is named', async (t) => {
  const { loose, path } = await withObject(t, Buffer.from('x'));
  rmSync(path);
  const missing = coded('ERR_OBJECT_MISSING', NAME, path);
  await assert.rejects(loose.read(SUM, 'dirtree'), missing);
  await assert.rejects(loose.stat(SUM, 'dirtree'), missing);
  await assert.rejects(collect(loose.stream(SUM, 'dirtree')), missing);
  assert.equal(await loose.exists(SUM, 'dirtree'), false);
  rmSync(dirname(path), { recursive: true });
  writeFileSync(dirname(path), 'a file where the directory was');
  await assert.rejects(loose.read(SUM, 'dirtree'), missing);
  assert.equal(await loose.exists(SUM, 'dirtree'), false);
});

test('an object that cannot be read is named', async (t) => {
  const unreadable = coded('ERR_OBJECT_UNREADABLE', NAME);
  await t.test('a directory', async (t) => {
    const { loose, path } = await withObject(t, Buffer.from('x'));
    rmSync(path);
    mkdirSync(path);
    await assert.rejects(loose.read(SUM, 'dirtree'), unreadable);
    await assert.rejects(collect(loose.stream(SUM, 'dirtree')), unreadable);
  });
  await t.test('a symlink is not followed', async (t) => {
    const { loose, path } = await withObject(t, Buffer.from('x'));
    rmSync(path);
    symlinkSync('/etc/passwd', path);
    await assert.rejects(loose.read(SUM, 'dirtree'), unreadable);
    await assert.rejects(collect(loose.stream(SUM, 'dirtree')), unreadable);
  });
  await t.test('no permission', async (t) => {
    const { loose, path } = await withObject(t, Buffer.from('x'));
    chmodSync(path, 0);
    chmodSync(loose.repoPath, 0o755);
    chmodSync(dirname(loose.repoPath), 0o755);
    await asNobody(async () => {
      await assert.rejects(loose.read(SUM, 'dirtree'), unreadable);
      await assert.rejects(collect(loose.stream(SUM, 'dirtree')), unreadable);
    });
  });
});

test('a FIFO is refused, and does not make us wait', { skip: unlessInstalled('mkfifo') }, async (t) => {
  const { loose, path } = await withObject(t, Buffer.from('x'));
  rmSync(path);
  await must(['mkfifo', path]);
  await assert.rejects(loose.read(SUM, 'dirtree'), coded('ERR_OBJECT_UNREADABLE', NAME, 'a FIFO'));
  await assert.rejects(collect(loose.stream(SUM, 'dirtree')), coded('ERR_OBJECT_UNREADABLE', NAME, 'a FIFO'));
});

test('a device is not read', { skip: unlessRoot() || unlessInstalled('mknod') }, async (t) => {
  const { loose, path } = await withObject(t, Buffer.from('x'));
  rmSync(path);
  await must(['mknod', path, 'c', '1', '5']);
  await assert.rejects(
    collect(loose.stream(SUM, 'dirtree')),
    coded('ERR_OBJECT_UNREADABLE', NAME, 'a device'),
  );
});

test('no directory above an object may be a link, not even to inspect or list it', async (t) => {
  for (const linked of ['objects', 'objects/ab']) {
    const { loose, path } = await withObject(t, Buffer.from('secret'));
    symlinkSync('secret', loose.path(SUM, 'file'));
    const outside = await tempDir(t);
    renameSync(join(loose.repoPath, linked), join(outside, 'moved'));
    symlinkSync(join(outside, 'moved'), join(loose.repoPath, linked));
    const unreadable = coded('ERR_OBJECT_UNREADABLE', path, outside);
    await assert.rejects(loose.read(SUM, 'dirtree'), unreadable);
    await assert.rejects(collect(loose.stream(SUM, 'dirtree')), unreadable);
    await assert.rejects(loose.stat(SUM, 'dirtree'), coded('ERR_OBJECT_UNREADABLE', outside));
    await assert.rejects(loose.exists(SUM, 'dirtree'), coded('ERR_OBJECT_UNREADABLE', outside));
    await assert.rejects(loose.readLink(SUM, 'file'), coded('ERR_OBJECT_UNREADABLE', outside));
    await assert.rejects(
      async () => {
        for await (const _ of loose.list());
      },
      coded('ERR_FILE_UNSAFE', outside),
    );
  }
});

test('metadata of a size that no client takes is not read into memory', async (t) => {
  const { loose, path } = await withObject(t, Buffer.from('x'));
  truncateSync(path, 200 * 1024 * 1024);
  await assert.rejects(loose.read(SUM, 'dirtree'), coded('ERR_OBJECT_CORRUPT', NAME));
});

test('listing passes over what is no object', async (t) => {
  const { loose, path } = await withObject(t, Buffer.from('x'));
  const directory = dirname(path);
  writeFileSync(join(directory, 'README'), '');
  writeFileSync(join(directory, `${'cd'.repeat(31)}.filez`), '');
  mkdirSync(join(loose.repoPath, 'objects/0x'));
  writeFileSync(join(loose.repoPath, 'objects/0x', `${'cd'.repeat(31)}.file`), '');
  const names: string[] = [];
  for await (const { checksum, extension } of loose.list()) names.push(`${checksum}.${extension}`);
  assert.deepEqual(names.toSorted(), [NAME, `ab${'cd'.repeat(31)}.filez`]);
});
