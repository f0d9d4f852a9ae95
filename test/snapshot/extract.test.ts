import assert from 'node:assert/strict';
import { appendFileSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import type { WritableMode } from '../../src/native/ostree/repository.ts';
import type { Checksum } from '../../src/ostree/checksum.ts';
import { commitTree } from '../../src/ostree/commit-tree.ts';
import { serializeDict, stringVariant } from '../../src/ostree/metadata-dict.ts';
import { listHeads, listMirrorRefs } from '../../src/ostree/refs.ts';
import { tempDir } from '../e2e/support/scratch.ts';
import { assertEmpty, assertThere, makeRepo, readRepo, unlessLibostree } from '../support/libostree.ts';
import {
  boundTo,
  boundToCollection,
  MIRROR_REF,
  mirrorTree,
  writeMirrorSource,
} from '../support/mirror-repos.ts';
import { extractFrom, snapshotInto, withSnapshot } from '../support/snapshots.ts';

const skip = unlessLibostree();

for (const mode of ['archive', 'bare-user'] satisfies WritableMode[]) {
  for (const mainRef of [undefined, MIRROR_REF]) {
    test(`history and refs come back, into ${mode}, with the main ref ${mainRef}`, { skip }, async (t) => {
      const directory = await tempDir(t);
      const { repo, writer, first, commit } = await writeMirrorSource(join(directory, 'source'));
      const other = await commitTree(writer, mirrorTree('other'), { timestamp: 5, metadata: boundTo('a/b') });
      await writer.ref('a/b', other);
      const detached = serializeDict(new Map([['key', stringVariant('value')]]));
      for (const signed of [first, commit]) await writer.detachedMetadata(signed, detached);
      await snapshotInto(join(directory, 'image'), repo, {
        depth: Number.POSITIVE_INFINITY,
        ...(mainRef && { mainRef }),
      });
      const target = join(directory, 'target');
      makeRepo(target, mode).close();
      const { refs, commits, fetched } = await extractFrom(join(directory, 'image'), target);
      assert.deepEqual([refs.length, commits, fetched > 0], [2, 3, true]);
      for (const each of [first, commit, other]) await assertThere(target, { repo, commit: each });
      const extracted = await readRepo(target);
      assert.deepEqual(
        [...(await listHeads(extracted))],
        [
          ['a/b', other],
          [MIRROR_REF, commit],
        ],
      );
      for (const signed of [first, commit])
        assert.ok(detached.equals(await extracted.objects.metadata('commitmeta', signed)));
      assert.deepEqual(readdirSync(join(target, 'state')), []);
      const again = await extractFrom(join(directory, 'image'), target);
      assert.deepEqual([again.fetched, again.commits], [0, 3]);
    });
  }
}

test('some refs alone come with their history', { skip }, async (t) => {
  const directory = await tempDir(t);
  const { repo, writer, first, commit } = await writeMirrorSource(join(directory, 'source'));
  const other = await commitTree(writer, mirrorTree('other'), { timestamp: 5, metadata: boundTo('a/b') });
  await writer.ref('a/b', other);
  const image = join(directory, 'image');
  await snapshotInto(image, repo, { depth: 1, mainRef: MIRROR_REF });
  const target = join(directory, 'target');
  makeRepo(target).close();
  await extractFrom(image, target, { globs: ['a/*'] });
  await assertThere(target, { repo, commit: other });
  const extracted = await readRepo(target);
  assert.deepEqual([...(await listHeads(extracted)).keys()], ['a/b']);
  for (const checksum of [first, commit])
    assert.equal(await extracted.objects.has({ type: 'commit', checksum }), false);
  await extractFrom(image, target, { globs: ['exampleos/**'] });
  for (const each of [first, commit]) await assertThere(target, { repo, commit: each });
  await assert.rejects(extractFrom(image, target, { globs: ['a/b', 'c/*'] }), { code: 'ERR_REF_MISSING' });
});

test('refs of a collection go where its clients look for them', { skip }, async (t) => {
  const directory = await tempDir(t);
  const id = 'org.example.Collection';
  const { repo, writer } = await writeMirrorSource(join(directory, 'source'));
  const commit = await commitTree(writer, mirrorTree('of it'), {
    timestamp: 5,
    metadata: boundToCollection(id, 'of/it'),
  });
  await writer.ref('of/it', commit);
  const image = join(directory, 'image');
  await snapshotInto(image, repo, { globs: ['of/*'] });
  const [plain, own, foreign] = ['plain', 'own', 'foreign'].map((name) => join(directory, name)) as [
    string,
    string,
    string,
  ];
  for (const path of [plain, own, foreign]) makeRepo(path).close();
  appendFileSync(join(own, 'config'), `collection-id=${id}\n`);
  appendFileSync(join(foreign, 'config'), 'collection-id=org.example.Other\n');
  const mirrorsOf = async (path: string) =>
    [...(await listMirrorRefs(await readRepo(path)))].map(([of, refs]) => [of, ...refs.keys()]);
  await extractFrom(image, plain);
  assert.deepEqual(await mirrorsOf(plain), [[id, 'of/it']]);
  await extractFrom(image, own);
  assert.deepEqual(await mirrorsOf(own), []);
  await assert.rejects(extractFrom(image, foreign), {
    code: 'ERR_COLLECTION_CONFLICT',
    message: /of\/it .* org\.example\.Collection, .* org\.example\.Other/,
  });
  await assertEmpty(foreign);
});

test('a snapshot whose layers lack an object leaves no commit and no ref', { skip }, async (t) => {
  const directory = await tempDir(t);
  const { repo } = await writeMirrorSource(join(directory, 'source'));
  const image = join(directory, 'image');
  await snapshotInto(image, repo);
  const target = join(directory, 'target');
  makeRepo(target).close();
  await withSnapshot(image, async ({ layers }) => {
    const [, content] = layers;
    rmSync(join(image, 'blobs/sha256', content?.digest.slice('sha256:'.length) ?? ''));
  });
  await assert.rejects(extractFrom(image, target), { code: 'ERR_BLOB_MISSING' });
  const extracted = await readRepo(target);
  assert.deepEqual([...(await listHeads(extracted))], []);
  const commits: Checksum[] = [];
  for await (const { type, checksum } of extracted.objects.list())
    if (type === 'commit') commits.push(checksum);
  assert.deepEqual(commits, []);
});
