import assert from 'node:assert/strict';
import { readFileSync, rmSync, truncateSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import type { EncapsulateOptions } from '../../../src/container/encapsulate/encapsulate.ts';
import { LayerCache } from '../../../src/container/encapsulate/layer-cache.ts';
import type { PlanRecord } from '../../../src/container/packing/plan-record.ts';
import { loosePath } from '../../../src/ostree/object-name.ts';
import { commitObjects } from '../../../src/tar/chunk.ts';
import { inThree, place } from '../../support/cached-builds.ts';

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
