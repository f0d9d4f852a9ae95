import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { withTransaction } from '../../src/container/import/repo-transaction.ts';
import type { ObjectLayer } from '../../src/mirror/carried/object-list.ts';
import { tempDir } from '../e2e/support/scratch.ts';
import { assertThere, makeRepo, readRepo, unlessLibostree } from '../support/libostree.ts';
import { MIRROR_REF, writeMirrorSource } from '../support/mirror-repos.ts';
import { extractFrom, snapshotInto, withSnapshot } from '../support/snapshots.ts';

const skip = unlessLibostree();

function layersOf(image: string): Promise<readonly ObjectLayer[]> {
  return withSnapshot(image, async ({ layers }) => layers);
}

test('an extraction that fails keeps the layers that its transaction had read', { skip }, async (t) => {
  const directory = await tempDir(t);
  const { repo } = await writeMirrorSource(join(directory, 'source'));
  const image = join(directory, 'image');
  await snapshotInto(image, repo, { depth: 1, mainRef: MIRROR_REF });
  const [, before, last] = (await layersOf(image)).toSorted((a, b) => b.size - a.size);
  assert.ok(before !== undefined && last !== undefined);
  rmSync(join(image, 'blobs/sha256', last.digest.slice('sha256:'.length)));
  const target = join(directory, 'target');
  makeRepo(target).close();
  await assert.rejects(extractFrom(image, target), { code: 'ERR_BLOB_MISSING' });
  const { objects } = await readRepo(target);
  for (const object of before.objects)
    if (object.type !== 'commit') assert.equal(await objects.has(object), true, object.checksum);
});

test('objects that a killed extraction had staged are not read again', { skip }, async (t) => {
  const directory = await tempDir(t);
  const { repo, commit } = await writeMirrorSource(join(directory, 'source'));
  const image = join(directory, 'image');
  await snapshotInto(image, repo);
  const content = (await layersOf(image)).find(({ objects }) => objects[0]?.type === 'file');
  assert.ok(content !== undefined);
  const target = join(directory, 'target');
  makeRepo(target).close();
  const killed = withTransaction(
    target,
    async (transaction) => {
      for (const { checksum } of content.objects)
        await transaction.content(checksum, await repo.objects.content(checksum));
      await transaction.settle();
      throw new Error('killed');
    },
    { refs: [] },
  );
  await assert.rejects(killed, { message: 'killed' });
  const { fetched, cached } = await extractFrom(image, target);
  assert.deepEqual([fetched, cached], [1, 1]);
  await assertThere(target, { repo, commit });
});
