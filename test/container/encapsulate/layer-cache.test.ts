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
import test, { type TestContext } from 'node:test';
import { type EncapsulateOptions, encapsulate } from '../../../src/container/encapsulate/encapsulate.ts';
import { finishImage } from '../../../src/container/encapsulate/image-draft.ts';
import { LayerCache } from '../../../src/container/encapsulate/layer-cache.ts';
import type { PlanLayers } from '../../../src/container/encapsulate/layer-plan.ts';
import type { PlanRecord } from '../../../src/container/packing/plan-record.ts';
import { publishImage } from '../../../src/oci/write/publish.ts';
import { loosePath } from '../../../src/ostree/object-name.ts';
import { commitObjects } from '../../../src/tar/chunk.ts';
import { readLayout } from '../../e2e/support/layout.ts';
import { tempDir } from '../../e2e/support/scratch.ts';
import { coded } from '../../support/expect.ts';
import { ENCAPSULATE_OPTIONS } from '../../support/mirror-images.ts';
import { writeMirrorSource } from '../../support/mirror-repos.ts';

/** Every third object is in the ostree layer; `moved` objects are in the last layer instead of theirs. */
function inThree(moved = 0): PlanLayers {
  return (objects) => {
    const part = (n: number) =>
      new Map([...objects].filter((_, at) => (at < moved ? n === 1 : at % 3 === n)));
    return [
      { name: '', packages: [], objects: part(2) },
      { name: 'a', packages: ['a'], objects: part(0) },
      { name: 'b', packages: ['b'], objects: part(1) },
    ];
  };
}

async function place(t: TestContext) {
  const folder = await tempDir(t);
  const { repo, commit } = await writeMirrorSource(join(folder, 'source'));
  const warnings: string[] = [];
  const directory = join(folder, 'cache');
  const cache = await LayerCache.open(directory, (message) => warnings.push(message));
  /** The digest of the image, and the number of tar bytes that were made for it. */
  const build = async (name: string, options: Partial<EncapsulateOptions> = {}) => {
    const made = { bytes: 0 };
    const onProgress = (bytes: number) => {
      made.bytes += bytes;
    };
    const all = { ...ENCAPSULATE_OPTIONS, plan: inThree(), layerCache: cache, onProgress, ...options };
    const digest = await publishImage({ transport: 'oci', name: join(folder, name) }, async (sink) =>
      finishImage(sink, await encapsulate(repo.objects, commit, sink, all)),
    );
    return { digest, bytes: made.bytes };
  };
  const entries = (suffix: string) => readdirSync(directory).filter((name) => name.endsWith(suffix));
  return {
    ...{ folder, directory, warnings, build, entries },
    repo: repo.path,
    commit,
    source: repo.objects,
  };
}

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

/** Builds with a planning: how often it was made, and the notes that were told again. */
async function withPlanning(t: TestContext) {
  const all = await place(t);
  const made = { count: 0 };
  const told: string[] = [];
  const build = async (name: string, { basis = 'three', ...options }: PlanningOptions = {}) => {
    const { count } = made;
    const make = async () => {
      made.count += 1;
      const objects = await commitObjects(all.source, all.commit);
      return { plan: await inThree()(objects), record: RECORD, notes: ['a note'] };
    };
    const planning = { basis, make, onNote: (note: string) => told.push(note) };
    const image = await all.build(name, { planning, record: RECORD, ...options });
    return { ...image, plans: made.count - count, told: told.splice(0) };
  };
  return { ...all, build };
}

type PlanningOptions = Partial<EncapsulateOptions> & { readonly basis?: string };
const RECORD: PlanRecord = {
  layers: [[{ name: 'a', kind: 'package', content: '0' }], [{ name: 'b' }]],
};

test('an image whose plan and layers are kept is the same, and nothing is planned', async (t) => {
  const { folder, build, entries } = await withPlanning(t);
  const { digest } = await build('uncached', {
    layerCache: await LayerCache.open(`${folder}/other`, assert.fail),
  });
  const first = await build('first');
  assert.deepEqual([first.digest, first.plans, first.told], [digest, 1, []]);
  assert.equal(entries('.plan').length, 1);
  const objects: string[] = [];
  const onObjects = (done: number, total: number) => objects.push(`${done}/${total}`);
  const again = await build('again', { onObjects });
  assert.deepEqual(again, { digest, bytes: 0, plans: 0, told: ['a note'] });
  assert.equal(objects.length, 3);
  assert.match(objects.at(-1) ?? '', /^(\d+)\/\1$/);
});

test('a plan is only taken for the same commit, basis, format and compression', async (t) => {
  const { build, repo, commit, entries } = await withPlanning(t);
  await build('first');
  const others: readonly PlanningOptions[] = [
    { basis: 'other' },
    { formatVersion: 1 },
    { compression: { algorithm: 'gzip', level: 2 } },
    { compression: { algorithm: 'zstd', level: 1 } },
  ];
  for (const [at, options] of others.entries())
    assert.equal((await build(`other-${at}`, options)).plans, 1, JSON.stringify(options));
  assert.equal(entries('.plan').length, 1 + others.length);
  const detached = join(repo, loosePath(commit, 'commitmeta'));
  writeFileSync(detached, Buffer.alloc(0));
  assert.equal((await build('signed')).plans, 1);
  // Labels, times and the like are not part of the plan.
  rmSync(detached);
  assert.equal((await build('labelled', { labels: { a: 'b' }, created: '2020-01-01T00:00:00Z' })).plans, 0);
});

test('damaged and missing plans and layers are planned and built again, and repaired', async (t) => {
  const { build, directory, entries } = await withPlanning(t);
  const { digest } = await build('first');
  const flip = (at: number) => (path: string) => {
    const bytes = readFileSync(path);
    bytes[at] = (bytes[at] ?? 0) ^ 1;
    writeFileSync(path, bytes);
  };
  const damages = [
    flip(10),
    flip(200),
    (path: string) => truncateSync(path, 100),
    (path: string) => rmSync(path),
  ];
  for (const suffix of ['.plan', '.layer', '.json']) {
    for (const [at, damage] of damages.entries()) {
      if (suffix === '.json' && at === 1) continue;
      damage(join(directory, entries(suffix)[0] ?? ''));
      const mended = await build(`${suffix}${at}`);
      assert.deepEqual([mended.digest, mended.plans], [digest, 1], `${suffix} ${at}`);
      const again = await build(`again${suffix}${at}`);
      assert.deepEqual([again.digest, again.plans, again.bytes], [digest, 0, 0], `${suffix} ${at}`);
    }
  }
});

test('plans that were not used for a month go', async (t) => {
  const { build, directory, entries } = await withPlanning(t);
  await build('first');
  const monthAgo = new Date(Date.now() - 31 * 24 * 3_600_000);
  const age = () => utimesSync(join(directory, entries('.plan')[0] ?? ''), monthAgo, monthAgo);
  age();
  await build('again');
  await LayerCache.open(directory, assert.fail);
  assert.equal(entries('.plan').length, 1);
  age();
  await LayerCache.open(directory, assert.fail);
  assert.equal(entries('.plan').length, 0);
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
