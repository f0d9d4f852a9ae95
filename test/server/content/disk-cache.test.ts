import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import test, { type TestContext } from 'node:test';
import type { Checksum } from '../../../src/ostree/checksum.ts';
import { loosePath } from '../../../src/ostree/object-name.ts';
import { DiskCache } from '../../../src/server/content/disk-cache.ts';
import { repeatedChecksum } from '../../support/checksums.ts';
import { coded } from '../../support/expect.ts';
import { tempFolder } from '../repos.ts';
import { tinyDisk, unlessTinyDisk } from '../tiny-disk.ts';

const ids = Array.from({ length: 8 }, (_, index) => repeatedChecksum(String(index)));
const [A, B, C, D] = ids as [Checksum, Checksum, Checksum, Checksum];

type Opened = { readonly cache: DiskCache; readonly failures: unknown[]; path(checksum: Checksum): string };

const [E1, E2] = ['deflate6-e1', 'deflate6-e2'];

async function open(directory: string, maxBytes = 1000, encoder = E1): Promise<Opened> {
  const failures: unknown[] = [];
  const cache = await DiskCache.open({
    directory,
    maxBytes,
    encoder,
    repositories: [],
    onWriteFailure: (error) => failures.push(error),
  });
  return { cache, failures, path: (checksum) => join(cache.folder, loosePath(checksum, 'filez')) };
}

/** Files below the encoder's folder that are no objects. */
function leftovers({ folder }: DiskCache): readonly string[] {
  const names = readdirSync(join(folder, 'objects'), { recursive: true, encoding: 'utf8' });
  return names.filter((name) => name.length > 2 && !name.endsWith('.filez'));
}

async function counted(t: TestContext): Promise<Opened & { readonly directory: string }> {
  const directory = join(tempFolder(t), 'cache');
  const opened = await open(directory);
  await opened.cache.counted;
  return { ...opened, directory };
}

test('what is stored comes back, in archive layout', async (t) => {
  const { cache, path } = await counted(t);
  assert.equal(cache.open(A), undefined);
  await cache.store(A, Buffer.from('hello'));
  assert.equal(readFileSync(path(A), 'utf8'), 'hello');
  assert.deepEqual(cache.open(A)?.content, Buffer.from('hello'));
  assert.equal(cache.bytes, 5);
});

test('the least recently used go first', async (t) => {
  const { cache, path } = await counted(t);
  for (const id of [A, B, C]) await cache.store(id, Buffer.alloc(300));
  cache.open(A);
  await cache.store(D, Buffer.alloc(300));
  assert.deepEqual(
    [A, B, C, D].map((id) => existsSync(path(id))),
    [true, false, true, true],
  );
  assert.equal(cache.bytes, 900);
  assert.equal(cache.open(B), undefined);
});

test('what is larger than the whole cache is not kept', async (t) => {
  const { cache, path } = await counted(t);
  await cache.store(A, Buffer.alloc(1001));
  assert.equal(existsSync(path(A)), false);
});

test('files of an earlier run are served at once, counted later, and evicted by age', async (t) => {
  const { directory, path, cache: before } = await counted(t);
  for (const [index, id] of [C, A, B].entries()) {
    await before.store(id, Buffer.alloc(300));
    utimesSync(path(id), 1000 + index, 1000 + index);
  }
  const { cache } = await open(directory, 700);
  assert.deepEqual(cache.open(C)?.content, Buffer.alloc(300));
  await cache.counted;
  assert.equal(cache.bytes, 600);
  assert.equal([A, B, C].filter((id) => existsSync(path(id))).length, 2);
  assert.equal(existsSync(path(B)), true, 'the youngest stays');
});

test("another encoder's files are not served, and are removed when no server has claimed them for a day", async (t) => {
  const { directory, path, cache: before } = await counted(t);
  await before.store(A, Buffer.from('by e1'));
  const { cache } = await open(directory, 1000, E2);
  await cache.scan();
  assert.equal(cache.open(A), undefined);
  assert.equal(existsSync(path(A)), true, 'a server may be using it');
  utimesSync(before.folder, 1000, 1000);
  await cache.scan();
  assert.equal(existsSync(before.folder), false);
  await cache.store(A, Buffer.from('by e2'));
  assert.deepEqual(cache.open(A)?.content, Buffer.from('by e2'));
});

test('servers that share a directory use what the others write, and get over what they evict', async (t) => {
  const { directory, cache: one } = await counted(t);
  const { cache: other } = await open(directory);
  await other.counted;
  await one.store(A, Buffer.from('hello'));
  assert.equal(other.has(A), true);
  assert.deepEqual(other.open(A)?.content, Buffer.from('hello'));
  one.drop(A);
  assert.equal(other.open(A), undefined);
  assert.equal(other.bytes, 0);
});

test('a scan counts what other servers have written, and forgets what they have evicted', async (t) => {
  const { directory, cache: one, path } = await counted(t);
  const { cache: other } = await open(directory);
  await other.counted;
  for (const id of [A, B, C]) await one.store(id, Buffer.alloc(200));
  await other.scan();
  assert.equal(other.bytes, 600);
  one.drop(A);
  await other.store(D, Buffer.alloc(500));
  await other.scan();
  assert.ok(other.bytes <= 1000 && existsSync(path(D)), `${other.bytes}`);
  await one.scan();
  assert.equal(one.bytes, other.bytes);
});

test('an empty file, which a crash may leave, is no object', async (t) => {
  const { cache, path } = await counted(t);
  mkdirSync(dirname(path(A)), { recursive: true });
  await cache.store(A, Buffer.from('x'));
  writeFileSync(path(A), '');
  assert.equal(cache.open(A), undefined);
});

test('a file taken in from a temporary name', async (t) => {
  const { cache } = await counted(t);
  const temporary = cache.temporaryPath(A);
  writeFileSync(temporary, 'large');
  await cache.adopt(A, temporary, 5);
  assert.deepEqual(cache.open(A)?.content, Buffer.from('large'));
  assert.deepEqual(leftovers(cache), []);
});

test('a directory that cannot be written is a coded error', async (t) => {
  const file = join(tempFolder(t), 'file');
  writeFileSync(file, '');
  await assert.rejects(open(join(file, 'cache')), coded('ERR_CACHE_DIR', join(file, 'cache')));
});

test('a full disk is told of once, and leaves nothing behind', { skip: unlessTinyDisk() }, async (t) => {
  const directory = tinyDisk(t);
  const { cache, failures, path } = await open(directory, 1 << 30);
  await cache.counted;
  await cache.store(A, Buffer.alloc(2 << 20, 1));
  await cache.store(B, Buffer.alloc(2 << 20, 1));
  assert.equal(failures.length, 1);
  assert.deepEqual(
    [A, B].map((id) => existsSync(path(id))),
    [false, false],
  );
  assert.deepEqual(leftovers(cache), []);
  await cache.store(C, Buffer.alloc(1000));
  await cache.store(A, Buffer.alloc(2 << 20, 1));
  assert.equal(failures.length, 2, 'told again after a success in between');
});

test('what a killed run left half-written is removed, if it is old', async (t) => {
  const { directory, cache } = await counted(t);
  const [old, young] = [cache.temporaryPath(A), cache.temporaryPath(A)];
  for (const path of [old, young]) writeFileSync(path, 'half');
  utimesSync(old, 1000, 1000);
  await (await open(directory)).cache.counted;
  assert.deepEqual(
    [old, young].map((path) => existsSync(path)),
    [false, true],
  );
});
