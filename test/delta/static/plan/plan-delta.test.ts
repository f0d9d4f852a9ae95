import assert from 'node:assert/strict';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { partSize } from '../../../../src/delta/static/plan/delta-plan.ts';
import { planDelta } from '../../../../src/delta/static/plan/plan-delta.ts';
import type { Checksum } from '../../../../src/ostree/checksum.ts';
import { loadCommitObject } from '../../../../src/ostree/load.ts';
import { formatObjectName } from '../../../../src/ostree/object-name.ts';
import { openRepository, type Repository } from '../../../../src/ostree/repo/open.ts';
import { filesBelow, reachableObjects } from '../../../../src/ostree/walk.ts';
import { commitFiles, writeDeltaTrees } from '../../../support/delta-trees.ts';
import { testFolder } from '../../../support/small-image.ts';

async function trees(t: TestContext) {
  return writeDeltaTrees(join(await testFolder(t), 'repo'));
}

async function pathsOf(repo: Repository, commit: Checksum): Promise<ReadonlyMap<Checksum, string>> {
  const { rootTree, rootMeta } = await loadCommitObject(repo.objects, commit);
  const paths = new Map<Checksum, string>();
  for await (const { path, checksum } of filesBelow(repo.objects, { tree: rootTree, meta: rootMeta }))
    paths.set(checksum, path);
  return paths;
}

async function namesOf(repo: Repository, commit: Checksum): Promise<readonly string[]> {
  const names: string[] = [];
  for await (const name of reachableObjects(repo.objects, commit))
    if (name.type !== 'commit') names.push(formatObjectName(name));
  return names.toSorted();
}

test('a plan from scratch has every object once, and no sources', async (t) => {
  const { repo, to } = await trees(t);
  const { parts, fallbacks, from } = await planDelta(repo.objects, { to });
  const objects = parts.flatMap((part) => part.objects);
  assert.deepEqual(objects.map(formatObjectName).toSorted(), await namesOf(repo, to));
  assert.deepEqual([from, fallbacks], [undefined, []]);
  assert.ok(objects.every(({ source }) => source === undefined));
});

test('a plan between commits has what the old one lacks', async (t) => {
  const { repo, from, to } = await trees(t);
  const { parts } = await planDelta(repo.objects, { from, to });
  const names = parts.flatMap((part) => part.objects).map(formatObjectName);
  const old = new Set(await namesOf(repo, from));
  assert.deepEqual(
    names.toSorted(),
    (await namesOf(repo, to)).filter((name) => !old.has(name)),
  );
});

test('sources are chosen by path, by path without numbers, and by name', async (t) => {
  const { repo, from, to } = await trees(t);
  const { parts } = await planDelta(repo.objects, { from, to });
  const [before, after] = [await pathsOf(repo, from), await pathsOf(repo, to)];
  const chosen = parts.flatMap(({ objects }) =>
    objects.flatMap(({ checksum, source }) =>
      source === undefined ? [] : [[after.get(checksum), before.get(source.checksum)]],
    ),
  );
  assert.deepEqual(chosen.toSorted(), [
    ['/changed-mode', '/changed-mode'],
    ['/lib-1.3.so', '/lib-1.2.so'],
    ['/new-folder/renamed', '/old-folder/renamed'],
    ['/text', '/text'],
  ]);
});

test('of several files of a name the nearest in size is the source', async (t) => {
  const path = join(await testFolder(t), 'repo');
  const from = await commitFiles(path, {
    'a-1': 'x'.repeat(10),
    'a-2': 'y'.repeat(100),
    'a-3': 'z'.repeat(50),
  });
  const to = await commitFiles(path, { 'a-4': 'w'.repeat(90) });
  const { objects } = await openRepository(path);
  const { parts } = await planDelta(objects, { from, to });
  assert.deepEqual(
    parts.flatMap((part) => part.objects.flatMap(({ source }) => source?.size ?? [])),
    [100],
  );
});

test('files beyond the patch size are copied from', async (t) => {
  const path = join(await testFolder(t), 'repo');
  const from = await commitFiles(path, { a: 'x'.repeat(50) });
  const to = await commitFiles(path, { a: 'y'.repeat(51) });
  const { objects } = await openRepository(path);
  for (const [maxPatchBytes, patch] of [
    [101, true],
    [100, false],
  ] as const) {
    const plan = await planDelta(objects, { from, to, maxPatchBytes });
    const sources = plan.parts.flatMap((part) => part.objects.flatMap(({ source }) => source ?? []));
    assert.deepEqual(
      sources.map((source) => source.patch),
      [patch],
    );
  }
});

test('larger files without a source are fallbacks', async (t) => {
  const path = join(await testFolder(t), 'repo');
  const from = await commitFiles(path, { known: 'x'.repeat(2000) });
  const to = await commitFiles(path, { known: 'y'.repeat(2000), large: 'z'.repeat(1000), small: 'a' });
  const { objects } = await openRepository(path);
  const options = { from, to, minFallbackBytes: 1000, storedSize: () => 17 };
  const { fallbacks, parts } = await planDelta(objects, options);
  assert.deepEqual(
    fallbacks.map(({ size, storedSize }) => [size, storedSize]),
    [[1000, 17]],
  );
  const made = parts.flatMap((part) => part.objects.filter(({ type }) => type === 'file'));
  assert.deepEqual(
    made.map(({ size }) => size),
    [1, 2000],
  );
  assert.deepEqual((await planDelta(objects, { ...options, minFallbackBytes: 0 })).fallbacks, []);
});

test('a part ends before the object that would make it too large', async (t) => {
  const path = join(await testFolder(t), 'repo');
  const files = Array.from({ length: 9 }, (_, index) => [`f${index}`, `${index}`.repeat(1000)]);
  const to = await commitFiles(path, { ...Object.fromEntries(files), huge: 'h'.repeat(9000) });
  const { objects } = await openRepository(path);
  const { parts } = await planDelta(objects, { to, maxChunkBytes: 3000 });
  const sizes = parts.map(partSize);
  assert.equal(
    sizes.reduce((sum, size) => sum + size, 0),
    18_000 + (sizes[0] as number) - 2000,
  );
  assert.ok(
    parts.every((part) => partSize(part) <= 3000 || part.objects.length === 1),
    sizes.join(),
  );
});

test('a delta without new objects has one empty part', async (t) => {
  const path = join(await testFolder(t), 'repo');
  const from = await commitFiles(path, { a: 'a' });
  const to = await commitFiles(path, { a: 'a' }, from);
  const { objects } = await openRepository(path);
  assert.deepEqual(await planDelta(objects, { from, to }), {
    from,
    to,
    parts: [{ objects: [] }],
    fallbacks: [],
  });
});
