import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Checksum, checksumOf } from '../../src/ostree/checksum.ts';
import { type Dirmeta, parseDirmeta, S_IFDIR } from '../../src/ostree/dirmeta.ts';
import { parseDirtree } from '../../src/ostree/dirtree.ts';
import { TreeBuilder } from '../../src/ostree/tree-builder.ts';
import { filesBelow } from '../../src/ostree/walk.ts';
import { repeatedChecksum } from '../support/checksums.ts';
import { coded } from '../support/expect.ts';

const META: Dirmeta = { uid: 0, gid: 0, mode: S_IFDIR | 0o755, xattrs: [] };
const FILE = repeatedChecksum('f');

function memory() {
  const objects = new Map<Checksum, Buffer>();
  return {
    objects,
    metadata: async (_type: string, bytes: Uint8Array) => {
      const checksum = checksumOf(bytes);
      objects.set(checksum, Buffer.from(bytes));
      return checksum;
    },
  };
}

function bytesOf(objects: ReadonlyMap<Checksum, Buffer>, checksum: Checksum): Buffer {
  return objects.get(checksum) as Buffer;
}

test('entries in any order give one tree, sorted, with the metadata of each directory', async () => {
  const orders = [
    ['b', 'a', 'ü'],
    ['ü', 'a', 'b'],
  ];
  const roots = await Promise.all(
    orders.map(async (names) => {
      const writer = memory();
      const builder = new TreeBuilder(writer, META);
      for (const name of names) {
        builder.enter(`dir-${name}`, { ...META, uid: 7 });
        builder.file('inside', FILE);
        await builder.leave();
        builder.file(name, FILE);
      }
      return { ...(await builder.finish()), objects: writer.objects };
    }),
  );
  const [one, other] = roots;
  assert.ok(one !== undefined && other !== undefined);
  assert.deepEqual([one.tree, one.meta], [other.tree, other.meta]);
  const { files, directories } = parseDirtree(bytesOf(one.objects, one.tree));
  assert.deepEqual(
    files.map(({ name }) => name),
    ['a', 'b', 'ü'],
  );
  assert.deepEqual(
    directories.map(({ name }) => name),
    ['dir-a', 'dir-b', 'dir-ü'],
  );
  assert.deepEqual(parseDirmeta(bytesOf(one.objects, directories[0]?.meta as Checksum)), { ...META, uid: 7 });
});

test('a tree that exists already is added whole', async () => {
  const writer = memory();
  const first = new TreeBuilder(writer, META);
  first.file('inside', FILE);
  const root = await first.finish();
  const second = new TreeBuilder(writer, META);
  second.tree('again', root);
  const merged = await second.finish();
  const source = { metadata: async (_type: string, checksum: Checksum) => bytesOf(writer.objects, checksum) };
  const paths: string[] = [];
  for await (const { path } of filesBelow(source, merged)) paths.push(path);
  assert.deepEqual(paths, ['/again/inside']);
});

test('trees may be deeper than a stack', async () => {
  const writer = memory();
  const builder = new TreeBuilder(writer, META);
  for (let level = 0; level < 20_000; level++) builder.enter('d', META);
  for (let level = 0; level < 20_000; level++) await builder.leave();
  const { tree } = await builder.finish();
  assert.equal(parseDirtree(bytesOf(writer.objects, tree)).directories.length, 1);
  assert.equal(writer.objects.size, 20_002);
});

test('names that are invalid or come twice, and directories that are not left, are refused', async () => {
  const builder = new TreeBuilder(memory(), META);
  for (const name of ['', '.', '..', 'a/b'])
    assert.throws(() => builder.file(name, FILE), coded('ERR_OBJECT_CORRUPT', JSON.stringify(name)));
  builder.file('a', FILE);
  assert.throws(() => builder.enter('a', META), coded('ERR_OBJECT_CORRUPT', '"a" twice'));
  assert.throws(
    () => builder.tree('a', { tree: FILE, meta: FILE }),
    coded('ERR_OBJECT_CORRUPT', '"a" twice'),
  );
  await assert.rejects(builder.leave(), RangeError);
  builder.enter('b', META);
  await assert.rejects(builder.finish(), RangeError);
});
