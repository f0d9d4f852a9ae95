import assert from 'node:assert/strict';
import { closeSync, ftruncateSync, openSync, readlinkSync, readSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { type Checksum, checksumOf } from '../../src/ostree/checksum.ts';
import type { OpenedContent } from '../../src/ostree/object-source.ts';
import { NO_XATTRS } from '../../src/ostree/xattrs.ts';
import { LaterReads } from '../../src/tar/later-reads.ts';
import { PiecePool } from '../../src/tar/piece-memory.ts';
import { Pieces } from '../../src/tar/pieces.ts';
import { verifiedAhead } from '../../src/tar/verified-pieces.ts';
import { tempDir } from '../e2e/support/scratch.ts';
import { coded } from '../support/expect.ts';

const PIECE_BYTES = 100_000;
const HEADER = Buffer.from('header');
const SIZES = [32_768, 100_000, 70_000, 350_001, 40_000];

type Opened = OpenedContent & { readonly path: string };

/** A file of this size with its own bytes, opened. */
function openFile(directory: string, size: number): { file: Opened; bytes: Buffer; id: Checksum } {
  const path = join(directory, String(size));
  const bytes = Buffer.alloc(size, `${size} `);
  writeFileSync(path, bytes);
  const fd = openSync(path, 'r+');
  const header = { uid: 0, gid: 0, mode: 0o100644, target: '', xattrs: NO_XATTRS };
  const read = (memory: Uint8Array) => readSync(fd, memory);
  const file = { path, header, size, fd, read, close: () => closeSync(fd) };
  return { file, bytes, id: checksumOf(Buffer.concat([HEADER, bytes])) };
}

function setUp(t: TestContext, directory: string) {
  const files = SIZES.map((size) => openFile(directory, size));
  const memory = new PiecePool(PIECE_BYTES);
  const later = new LaterReads();
  const stream = async function* () {
    const pieces = new Pieces(memory);
    for (const { file, id } of files) {
      const read = later.takeOver(id, file);
      assert.ok(read);
      pieces.write(Buffer.from('between'));
      pieces.beginObject(HEADER, read);
      for (let length = 0; length < file.size; ) {
        const count = Math.min(pieces.room().length, file.size - length);
        pieces.advance(count);
        length += count;
        yield* pieces.takeFull();
      }
      pieces.endObject(id);
    }
    yield* pieces.takeRest();
  };
  const isOpen = ({ file: { fd = -1, path } }: (typeof files)[number]) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`) === path;
    } catch {
      return false;
    }
  };
  t.after(() => later.closeAll());
  return { files, isOpen, pieces: () => verifiedAhead(stream(), memory, later) };
}

test('files are read into the pieces by the thread that verifies, and closed', async (t) => {
  const { files, isOpen, pieces } = setUp(t, await tempDir(t));
  const copies: Buffer[] = [];
  for await (const piece of pieces()) copies.push(Buffer.from(piece));
  const expected = files.flatMap(({ bytes }) => [Buffer.from('between'), bytes]);
  assert.ok(Buffer.concat(copies).equals(Buffer.concat(expected)));
  assert.deepEqual(files.filter(isOpen), []);
});

test('a file that is shorter, or has other bytes, ends the stream', async (t) => {
  for (const [size, change, why] of [
    [70_000, (fd: number) => ftruncateSync(fd, 60_000), 'its file became shorter'],
    [350_001, (fd: number) => ftruncateSync(fd, 0), 'its file became shorter'],
    [40_000, (_: number, path: string) => writeFileSync(path, Buffer.alloc(40_000)), 'its bytes give'],
  ] as const) {
    const { files, isOpen, pieces } = setUp(t, await tempDir(t));
    const changed = files.find(({ file }) => file.size === size);
    assert.ok(changed?.file.fd);
    change(changed.file.fd, changed.file.path);
    const read = async () => {
      for await (const _ of pieces());
    };
    await assert.rejects(read(), coded('ERR_OBJECT_CORRUPT', `${changed.id}.file`, why));
    assert.deepEqual(files.filter(isOpen), []);
  }
});

test('a file that cannot be read names its object', async (t) => {
  const directory = await tempDir(t);
  const { files, pieces } = setUp(t, directory);
  const [first] = files;
  assert.ok(first?.file.fd);
  const { fd } = first.file;
  closeSync(fd);
  // The same descriptor, of something that has no bytes to read.
  assert.equal(openSync(directory, 'r'), fd);
  await assert.rejects(
    async () => {
      for await (const _ of pieces());
    },
    coded('ERR_OBJECT_UNREADABLE', `${first.id}.file`),
  );
});

test('a consumer that stops leaves no file open', async (t) => {
  const { files, isOpen, pieces } = setUp(t, await tempDir(t));
  for await (const _ of pieces()) break;
  const [first, second] = files as [(typeof files)[0], (typeof files)[0]];
  assert.deepEqual([first, second].filter(isOpen), []);
});

test('small files, and sources without a file of the object’s bytes, are read at once', async (t) => {
  const { file, id } = openFile(await tempDir(t), 32_767);
  const { fd: _, ...other } = { ...file, size: 100_000 };
  const later = new LaterReads();
  assert.equal(later.takeOver(id, file), undefined);
  assert.equal(later.takeOver(id, other), undefined);
  file.close();
});

test('of many files, those beyond a hundred are read at once', async (t) => {
  const { file, id } = openFile(await tempDir(t), 40_000);
  const closed: number[] = [];
  const later = new LaterReads();
  const take = (fd: number) => later.takeOver(id, { ...file, fd, close: () => closed.push(fd) });
  for (let fd = 0; fd < 100; fd++) assert.ok(take(fd));
  assert.equal(take(100), undefined);
  later.close([7, 7, 100]);
  assert.deepEqual(closed, [7]);
  assert.ok(take(100));
  later.closeAll();
  assert.equal(closed.length, 101);
  file.close();
});
