import assert from 'node:assert/strict';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { blobRef, cachedCommit, cachedObjects } from '../../../src/container/import/blob-refs.ts';
import { writeObjectSet } from '../../../src/container/import/object-set.ts';
import { type Digest, digestOf } from '../../../src/oci/model/descriptor.ts';
import type { Checksum } from '../../../src/ostree/checksum.ts';
import { loadCommitObject } from '../../../src/ostree/load.ts';
import { loosePath } from '../../../src/ostree/object-name.ts';
import type { ObjectSink } from '../../../src/ostree/object-sink.ts';
import { openRepository } from '../../../src/ostree/repo/open.ts';
import { commitObjects } from '../../../src/tar/chunk.ts';
import { coded } from '../../support/expect.ts';
import { writeMirrorSource } from '../../support/mirror-repos.ts';
import { testFolder } from '../../support/small-image.ts';

const LAYER: Digest = digestOf(Buffer.from('the layer'));

/** A repository with a commit, and a way to put refs of layers on it. */
async function place(t: TestContext) {
  const { repo, writer, commit } = await writeMirrorSource(join(await testFolder(t), 'repo'));
  const metadata: ObjectSink['metadata'] = async (type, _, bytes) => {
    if (type === 'commit' || type === 'dirtree' || type === 'dirmeta') await writer.metadata(type, bytes);
  };
  const objects = [...(await commitObjects(repo.objects, commit)).keys()].toSorted();
  const path = (type: 'commit' | 'dirtree' | 'filez', checksum: Checksum) =>
    join(repo.path, loosePath(checksum, type));
  return {
    path,
    repo,
    commit,
    objects,
    putRef: (to: Checksum) => writer.ref(blobRef(LAYER), to),
    objectSet: (names: readonly Checksum[]) => writeObjectSet({ metadata } as ObjectSink, names),
    /** As another process sees the repository. */
    reopened: () => openRepository(repo.path),
  };
}

test('the ref of a layer is the one of ostree-ext', () => {
  const hex = '0123456789abcdef'.repeat(4);
  assert.equal(blobRef(`sha256:${hex}`), `ostree/container/blob/sha256_3A_${hex}`);
});

test('a component layer is cached if its ref is on an object set and all objects are there', async (t) => {
  const { path, objects, putRef, objectSet, reopened } = await place(t);
  assert.equal(await cachedObjects(await reopened(), LAYER), undefined);
  await putRef(await objectSet([]));
  assert.deepEqual(await cachedObjects(await reopened(), LAYER), []);
  await putRef(await objectSet(objects));
  assert.deepEqual(await cachedObjects(await reopened(), LAYER), objects);
  assert.equal(await cachedObjects(await reopened(), digestOf(Buffer.from('another'))), undefined);

  await rm(path('filez', objects.at(-1) as Checksum));
  assert.equal(await cachedObjects(await reopened(), LAYER), undefined);
});

test('the ref of a component layer on a commit of something else counts for nothing', async (t) => {
  const { commit, putRef, reopened } = await place(t);
  await putRef(commit);
  assert.equal(await cachedObjects(await reopened(), LAYER), undefined);
});

test('an object set that is damaged or gone is fetched again', async (t) => {
  const { path, objects, putRef, objectSet, reopened } = await place(t);
  const set = await objectSet(objects);
  await putRef(set);
  await writeFile(path('commit', set), 'rot');
  assert.equal(await cachedObjects(await reopened(), LAYER), undefined);
  await rm(path('commit', set));
  assert.equal(await cachedObjects(await reopened(), LAYER), undefined);
});

test('an ostree layer is cached if its commit and everything below are there', async (t) => {
  const { path, objects, commit, putRef, reopened } = await place(t);
  assert.equal(await cachedCommit(await reopened(), LAYER), undefined);
  await putRef(commit);
  assert.equal(await cachedCommit(await reopened(), LAYER), commit);
  await rm(path('filez', objects[0] as Checksum));
  assert.equal(await cachedCommit(await reopened(), LAYER), undefined);
});

test('a commit that is marked partial is not cached, complete or not', async (t) => {
  const { repo, commit, putRef, reopened } = await place(t);
  await putRef(commit);
  const mark = join(repo.path, 'state', `${commit}.commitpartial`);
  await writeFile(mark, '');
  assert.equal(await cachedCommit(await reopened(), LAYER), undefined);
  await rm(mark);
  assert.equal(await cachedCommit(await reopened(), LAYER), commit);
});

test('a commit with a damaged or missing dirtree is fetched again', async (t) => {
  const { path, repo, commit, putRef, reopened } = await place(t);
  await putRef(commit);
  const { rootTree } = await loadCommitObject(repo.objects, commit);
  await writeFile(path('dirtree', rootTree), 'rot');
  assert.equal(await cachedCommit(await reopened(), LAYER), undefined);
  await rm(path('dirtree', rootTree));
  assert.equal(await cachedCommit(await reopened(), LAYER), undefined);
});

test('an object that cannot be read is an error, not a layer to fetch', async (t) => {
  const { commit, path, putRef, reopened } = await place(t);
  await putRef(commit);
  await rm(path('commit', commit));
  await mkdir(path('commit', commit));
  await assert.rejects(cachedCommit(await reopened(), LAYER), coded('ERR_OBJECT_UNREADABLE'));
  await assert.rejects(cachedObjects(await reopened(), LAYER), coded('ERR_OBJECT_UNREADABLE'));
});
