import assert from 'node:assert/strict';
import {
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { LayerCache, type LayerSource } from '../../../src/container/encapsulate/layer-cache.ts';
import { readLayout } from '../../e2e/support/layout.ts';
import { tempDir } from '../../e2e/support/scratch.ts';
import { inThree, place } from '../../support/cached-builds.ts';
import { coded } from '../../support/expect.ts';

test('an image whose layers are all kept is the same, and no tar is written', async (t) => {
  const { build, entries, warnings } = await place(t);
  const first = await build('first');
  assert.ok(first.bytes > 0);
  assert.deepEqual([entries('.layer').length, entries('.json').length], [3, 3]);
  assert.deepEqual(await build('again'), { digest: first.digest, bytes: 0 });
  // The blobs are there.
  assert.deepEqual(await build('first'), { digest: first.digest, bytes: 0 });
  assert.deepEqual(warnings, []);
});

test('images share the files of layers with the cache, unless somebody else may change them', async (t) => {
  const { folder, directory, build, entries } = await place(t);
  const { digest } = await build('first');
  const blobs = (image: string) =>
    readLayout(join(folder, image)).layers.map(({ path }) => statSync(path, { bigint: true }));
  const inodes = () => entries('.layer').map((name) => statSync(join(directory, name), { bigint: true }).ino);
  const shared = (image: string) => blobs(image).filter(({ ino }) => inodes().includes(ino)).length;
  assert.equal(shared('first'), 0);
  assert.equal((await build('linked')).digest, digest);
  assert.equal(shared('linked'), 3);
  // Using a layer does not touch its file, which would change images.
  const times = blobs('linked').map(({ mtimeNs }) => mtimeNs);
  await build('linked too');
  assert.deepEqual(
    blobs('linked').map(({ mtimeNs }) => mtimeNs),
    times,
  );
  assert.ok(readdirSync(join(folder, 'linked/blobs/sha256')).every((name) => /^[0-9a-f]{64}$/.test(name)));
  for (const name of entries('.layer')) chmodSync(join(directory, name), 0o666);
  assert.deepEqual(await build('copied'), { digest, bytes: 0 });
  assert.equal(shared('copied'), 0);
});

test('only layers with other content, format or compression are built', async (t) => {
  const { build, entries } = await place(t);
  const { bytes } = await build('first');
  const moved = await build('moved', { plan: inThree(1) });
  assert.ok(moved.bytes > 0 && moved.bytes < bytes);
  assert.equal(entries('.layer').length, 5);
  assert.ok((await build('format', { formatVersion: 1 })).bytes > 0);
  assert.ok((await build('zstd', { compression: { algorithm: 'zstd', level: 1 } })).bytes >= bytes);
  assert.ok((await build('level', { compression: { algorithm: 'gzip', level: 2 } })).bytes >= bytes);
});

test('damaged, cut and missing files are built again, and repaired', async (t) => {
  const { build, directory, entries } = await place(t);
  const { digest } = await build('first');
  const damages: ((path: string) => void)[] = [
    (path) => {
      const bytes = readFileSync(path);
      bytes[100] = (bytes[100] ?? 0) ^ 1;
      writeFileSync(path, bytes);
    },
    (path) => truncateSync(path, 100),
    (path) => rmSync(path),
    (path) => {
      rmSync(path);
      mkdirSync(path);
      rmSync(path, { recursive: true });
    },
  ];
  for (const suffix of ['.layer', '.json']) {
    for (const [at, damage] of damages.entries()) {
      for (const name of entries(suffix)) damage(join(directory, name));
      const again = await build(`${suffix}${at}`);
      assert.equal(again.digest, digest);
      assert.ok(again.bytes > 0, `${suffix} ${at}`);
      assert.deepEqual(await build(`repaired${suffix}${at}`), { digest, bytes: 0 });
    }
  }
});

test('layers that no cache has are started first', async (t) => {
  const { folder, build } = await place(t);
  const started = async (name: string, mayHave: LayerSource['mayHave']) => {
    const keys: string[] = [];
    const take = async (key: string) => {
      keys.push(key);
      return undefined;
    };
    const layerCache = await LayerCache.open(join(folder, `${name}-cache`), assert.fail);
    const { digest } = await build(name, { layerCache, formerLayers: [{ mayHave, take }] });
    return { keys, digest };
  };
  const { keys, digest } = await started('first', () => false);
  const [ostree, a, b] = keys;
  assert.deepEqual(await started('second', (key) => key !== b), { keys: [b, ostree, a], digest });
});

test('a build that fails leaves no half of a layer', async (t) => {
  const { build, directory, entries } = await place(t);
  const stop = new Error('stop');
  const onProgress = () => {
    throw stop;
  };
  await assert.rejects(build('failed', { onProgress }), stop);
  assert.deepEqual(readdirSync(directory), ['treeport-layer-cache']);
  await build('first');
  assert.equal(entries('.layer').length, 3);
});

test('a cache that cannot be written is reported once, and the image is made', async (t) => {
  const { build, directory, warnings } = await place(t);
  rmSync(directory, { recursive: true });
  writeFileSync(directory, 'no directory');
  const { digest } = await build('first');
  assert.equal(warnings.length, 1);
  assert.match(warnings[0] ?? '', /^no more layers are kept in .*cache, which changes no image: /);
  rmSync(directory);
  assert.equal((await build('second')).digest, digest);
});

test('layers that were not used for a month go, others stay', async (t) => {
  const { build, directory, entries } = await place(t);
  await build('first');
  const [old] = entries('.layer');
  const monthAgo = new Date(Date.now() - 31 * 24 * 3_600_000);
  const key = (old ?? '').slice(0, 64);
  for (const suffix of ['.layer', '.json']) utimesSync(join(directory, key + suffix), monthAgo, monthAgo);
  await LayerCache.open(directory, assert.fail);
  assert.deepEqual([entries('.layer').length, entries('.json').length], [2, 2]);
  // Using a layer renews it.
  for (const name of [...entries('.layer'), ...entries('.json')])
    utimesSync(join(directory, name), monthAgo, monthAgo);
  await build('second');
  await LayerCache.open(directory, assert.fail);
  assert.equal(entries('.layer').length, 3);
});

test('a directory with anything else in it is refused', async (t) => {
  const folder = await tempDir(t);
  writeFileSync(join(folder, 'precious'), 'data');
  await assert.rejects(LayerCache.open(folder, assert.fail), coded('ERR_CACHE_DIR', folder, 'precious'));
  await assert.rejects(
    LayerCache.open(join(folder, 'precious/below'), assert.fail),
    coded('ERR_CACHE_DIR', '--layer-cache'),
  );
  assert.deepEqual(readdirSync(folder), ['precious']);
});
