import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import test from 'node:test';
import { MIRROR_HOME } from '../../src/mirror/layout.ts';
import { snapshotInfo } from '../../src/snapshot/info.ts';
import { unpackSnapshot } from '../../src/snapshot/unpack.ts';
import { verifySnapshot } from '../../src/snapshot/verify.ts';
import { tempDir } from '../e2e/support/scratch.ts';
import { coded } from '../support/expect.ts';
import { assertThere, makeRepo, unlessLibostree } from '../support/libostree.ts';
import { withImage } from '../support/mirror-images.ts';
import { MIRROR_REF, writeMirrorSource } from '../support/mirror-repos.ts';
import { MIRROR_OBJECTS, readAll } from '../support/mirror-root.ts';
import { unlessInstalled, unlessRoot } from '../support/programs.ts';
import { sealInto } from '../support/sealed-image.ts';
import { extractFrom, snapshotInto, withSnapshot } from '../support/snapshots.ts';

/** Files of mode 0 can be read by root alone. */
const skip = unlessRoot() || unlessInstalled('tar');

test('an image that a container build sealed is read as a snapshot', { skip }, async (t) => {
  const directory = await tempDir(t);
  const { repo, commit } = await writeMirrorSource(join(directory, 'source'));
  const sealed = join(directory, 'sealed');
  await sealInto(sealed, repo, commit);
  await withSnapshot(sealed, async (snapshot) => {
    const { main, commits, refs, objects } = snapshotInfo(snapshot);
    assert.deepEqual([main, commits.map(({ checksum }) => checksum)], [commit, [commit]]);
    assert.deepEqual(refs, [{ name: MIRROR_REF, collections: [], commit }]);
    assert.equal(objects.content + objects.metadata, MIRROR_OBJECTS);
    assert.equal((await verifySnapshot(snapshot)).commits, 1);
    const wants = () => true;
    const unpacked = await unpackSnapshot(snapshot, { directory: join(directory, 'unpacked'), wants });
    assert.equal(await readAll(unpacked.objects, commit), MIRROR_OBJECTS);
    unpacked.close();
  });
});

test('a sealed image is extracted', { skip: skip || unlessLibostree() }, async (t) => {
  const directory = await tempDir(t);
  const { repo, commit } = await writeMirrorSource(join(directory, 'source'));
  const [sealed, target] = [join(directory, 'sealed'), join(directory, 'repo')];
  await sealInto(sealed, repo, commit);
  makeRepo(target).close();
  assert.deepEqual(
    (await extractFrom(sealed, target)).refs.map(({ name }) => name),
    [MIRROR_REF],
  );
  await assertThere(target, { repo, commit });
  assert.equal((await extractFrom(sealed, target)).fetched, 0);
});

test('a snapshot continues a sealed image: the layers of its commit stay', { skip }, async (t) => {
  const directory = await tempDir(t);
  const { repo, commit } = await writeMirrorSource(join(directory, 'source'));
  const [sealed, next] = [join(directory, 'sealed'), join(directory, 'next')];
  await sealInto(sealed, repo, commit);
  await withSnapshot(sealed, (previous) =>
    snapshotInto(next, repo, { mainRef: MIRROR_REF, depth: 1, previous }),
  );
  const ostreeLayer = (path: string) => withImage(path, async ({ manifest }) => manifest.layers[0]?.digest);
  assert.equal(await ostreeLayer(next), await ostreeLayer(sealed));
  await withSnapshot(next, async (snapshot) => assert.equal((await verifySnapshot(snapshot)).commits, 2));
});

test('a later step of the build may replace and remove what is sealed', { skip }, async (t) => {
  const directory = await tempDir(t);
  const { repo, commit } = await writeMirrorSource(join(directory, 'source'));
  const put = (root: string, path: string, text: string) => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
    return path;
  };
  const heads = `${MIRROR_HOME}/repo/refs/heads`;
  const [moved, removed] = [join(directory, 'moved'), join(directory, 'removed')];
  const [top = '', name = ''] = MIRROR_REF.split('/');
  await sealInto(moved, repo, commit, {
    steps: [
      (root) => [
        put(root, `${heads}/other`, `${commit}\n`),
        put(root, `${heads}/${top}/.wh.${name}`, ''),
        put(root, `${MIRROR_HOME}/repo/summary`, 'new'),
      ],
    ],
  });
  await withSnapshot(moved, async ({ refs, files }) => {
    assert.deepEqual(refs, [{ name: 'other', collections: [], commit }]);
    assert.equal(files.get('summary')?.toString(), 'new');
  });
  await sealInto(removed, repo, commit, {
    steps: [(root) => [put(root, `${MIRROR_HOME}/.wh.repo`, '')]],
  });
  await assert.rejects(
    withSnapshot(removed, async () => {}),
    coded('ERR_SNAPSHOT', 'is no snapshot'),
  );
});
