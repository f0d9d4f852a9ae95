import assert from 'node:assert/strict';
import { join } from 'node:path';
import test from 'node:test';
import { snapshotInfo } from '../../src/snapshot/info.ts';
import { unpackSnapshot } from '../../src/snapshot/unpack.ts';
import { verifySnapshot } from '../../src/snapshot/verify.ts';
import { tempDir } from '../e2e/support/scratch.ts';
import { assertThere, makeRepo, unlessLibostree } from '../support/libostree.ts';
import { buildInto, encapsulateInto, withImage, wrapInto } from '../support/mirror-images.ts';
import { MIRROR_REF, writeMirrorSource } from '../support/mirror-repos.ts';
import { MIRROR_OBJECTS, readAll } from '../support/mirror-root.ts';
import { extractFrom, snapshotInto, withSnapshot } from '../support/snapshots.ts';

test('a mirror image is read as a snapshot: its refs, commits and objects', async (t) => {
  const directory = await tempDir(t);
  const { repo, first, commit } = await writeMirrorSource(join(directory, 'source'));
  const [mirror, twin] = [join(directory, 'mirror'), join(directory, 'twin')];
  await buildInto(mirror, repo, [MIRROR_REF, first], [], 'all');
  await snapshotInto(twin, repo, { mainRef: MIRROR_REF, depth: 1 });
  const facts = (path: string) =>
    withSnapshot(path, async (snapshot) => {
      const { main, commits, refs, objects } = snapshotInfo(snapshot);
      const names = snapshot.layers.flatMap((layer) =>
        layer.objects.map(({ type, checksum, length }) => `${checksum}.${type} ${length}`),
      );
      return { main, commits, refs, objects, names: names.toSorted() };
    });
  const ofMirror = await facts(mirror);
  assert.deepEqual(
    [ofMirror.main, ofMirror.commits.map(({ checksum }) => checksum)],
    [commit, [commit, first]],
  );
  assert.deepEqual(ofMirror, await facts(twin));

  await withSnapshot(mirror, async (snapshot) => {
    assert.equal((await verifySnapshot(snapshot)).commits, 2);
    const unpacked = await unpackSnapshot(snapshot, {
      directory: join(directory, 'unpacked'),
      wants: () => true,
    });
    for (const each of [commit, first]) assert.equal(await readAll(unpacked.objects, each), MIRROR_OBJECTS);
    unpacked.close();
  });
});

test('a mirror image is extracted, also one that was wrapped', { skip: unlessLibostree() }, async (t) => {
  const directory = await tempDir(t);
  const { repo, first, commit } = await writeMirrorSource(join(directory, 'source'));
  const [built, plain, wrapped] = ['built', 'plain', 'wrapped'].map((name) => join(directory, name)) as [
    string,
    string,
    string,
  ];
  await buildInto(built, repo, [MIRROR_REF, first]);
  await encapsulateInto(plain, repo, commit);
  await wrapInto(wrapped, plain);
  for (const [image, commits] of [
    [built, [commit, first]],
    [wrapped, [commit]],
  ] as const) {
    const target = `${image}-repo`;
    makeRepo(target).close();
    const extracted = await extractFrom(image, target);
    assert.deepEqual(
      [extracted.refs.map(({ name }) => name), extracted.commits],
      [[MIRROR_REF], commits.length],
    );
    for (const each of commits) await assertThere(target, { repo, commit: each });
    assert.equal((await extractFrom(image, target)).fetched, 0);
  }
});

test('a snapshot continues a mirror image: layers of the commit and of objects stay', async (t) => {
  const directory = await tempDir(t);
  const { repo, first } = await writeMirrorSource(join(directory, 'source'));
  const [mirror, next] = [join(directory, 'mirror'), join(directory, 'next')];
  await buildInto(mirror, repo, [MIRROR_REF, first]);
  await withSnapshot(mirror, (previous) =>
    snapshotInto(next, repo, { mainRef: MIRROR_REF, depth: 1, previous }),
  );
  const layersOf = (path: string) =>
    withImage(path, async ({ manifest }) => manifest.layers.map(({ digest }) => digest));
  const [before, after] = [await layersOf(mirror), await layersOf(next)];
  assert.deepEqual(after.slice(0, -1), before.slice(0, -1));
});

test('objects among refs and summary, as wrapping puts them, are not kept with these', async (t) => {
  const directory = await tempDir(t);
  const { repo, commit } = await writeMirrorSource(join(directory, 'source'));
  const [plain, wrapped, next] = ['plain', 'wrapped', 'next'].map((name) => join(directory, name)) as [
    string,
    string,
    string,
  ];
  await encapsulateInto(plain, repo, commit);
  await wrapInto(wrapped, plain);
  const last = await withImage(wrapped, async ({ manifest }) => manifest.layers.at(-1)?.digest);
  await withSnapshot(wrapped, (previous) => snapshotInto(next, repo, { mainRef: MIRROR_REF, previous }));
  await withImage(next, async ({ manifest }) =>
    assert.ok(manifest.layers.every(({ digest }) => digest !== last)),
  );
  await withSnapshot(next, (snapshot) => verifySnapshot(snapshot));
});
