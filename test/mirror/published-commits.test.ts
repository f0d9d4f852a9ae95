import assert from 'node:assert/strict';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { finishImage } from '../../src/container/encapsulate/image-draft.ts';
import { fileFromBytes, layerTar } from '../../src/mirror/layer.ts';
import { publishedCommits, publishedRefNames } from '../../src/mirror/published-commits.ts';
import type { Descriptor, Digest } from '../../src/oci/model/descriptor.ts';
import { hostPlatform } from '../../src/oci/model/platform.ts';
import { copyBlob } from '../../src/oci/write/image-sink.ts';
import { writeLayer } from '../../src/oci/write/layer-writer.ts';
import { publishImage } from '../../src/oci/write/publish.ts';
import { commitTree } from '../../src/ostree/commit-tree.ts';
import { mustTreeport } from '../e2e/support/run.ts';
import { tempDir } from '../e2e/support/scratch.ts';
import { coded } from '../support/expect.ts';
import { buildInto, COMPRESSION, encapsulateInto, withImage } from '../support/mirror-images.ts';
import { boundTo, MIRROR_REF, mirrorTree, writeMirrorSource } from '../support/mirror-repos.ts';

async function mirrorOfThree(t: TestContext) {
  const folder = await tempDir(t);
  const source = await writeMirrorSource(join(folder, 'source'));
  const subject = 'the other';
  const metadata = boundTo('other');
  const other = await commitTree(source.writer, mirrorTree('other'), { timestamp: 1, metadata, subject });
  const path = join(folder, 'mirror');
  await buildInto(path, source.repo, [MIRROR_REF, source.first, other]);
  return { folder, source, other, path };
}

test('the commits that a mirror image serves beside the encapsulated one', async (t) => {
  const { source, other, path } = await mirrorOfThree(t);
  const published = [
    { checksum: source.first, subject: '', timestamp: 1_700_000_000 },
    { checksum: other, subject: 'the other', timestamp: 1 },
  ].toSorted((a, b) => (a.checksum < b.checksum ? -1 : 1));
  assert.deepEqual(await withImage(path, publishedCommits), published);

  const encapsulated = { checksum: source.commit, subject: '', timestamp: 1_700_000_100 };
  const info = ['container', 'info', `oci:${path}`];
  const lines = (await mustTreeport([...info, '--commits'])).split('\n');
  const at = lines.indexOf('Commits: 3');
  assert.deepEqual(
    lines.slice(at + 1, at + 4).map((line) => line.trim().split(/ {2,}/)[0]),
    [encapsulated, ...published].map(({ checksum }) => checksum),
  );
  const document = JSON.parse(await mustTreeport([...info, '--commits', '--json']));
  assert.deepEqual(document.commits, [encapsulated, ...published]);
  assert.equal(JSON.parse(await mustTreeport([...info, '--json'])).commits, undefined);
});

test('the refs that a mirror image serves, from its layers', async (t) => {
  const { source, path, folder } = await mirrorOfThree(t);
  assert.deepEqual(await withImage(path, publishedRefNames), [MIRROR_REF, 'other']);
  const plain = join(folder, 'plain');
  await encapsulateInto(plain, source.repo, source.commit);
  assert.deepEqual(await withImage(plain, publishedRefNames), []);
});

test('an image that is no mirror serves none', async (t) => {
  const { folder, source } = await mirrorOfThree(t);
  const plain = join(folder, 'plain');
  await encapsulateInto(plain, source.repo, source.commit);
  assert.deepEqual(await withImage(plain, publishedCommits), []);
});

test('a commit whose bytes are not its name’s is refused', async (t) => {
  const { folder, source } = await mirrorOfThree(t);
  const plain = join(folder, 'plain');
  await encapsulateInto(plain, source.repo, source.commit);
  const forged = fileFromBytes(`repo/objects/00/${'0'.repeat(62)}.commit`, Buffer.from('forged'));
  const path = join(folder, 'forged');
  await withImage(plain, (image) =>
    publishImage({ transport: 'oci', name: path }, async (sink) => {
      const ostree = image.manifest.layers[0] as Descriptor;
      await copyBlob(image, ostree, sink);
      const { descriptor, diffId } = await writeLayer(sink, layerTar([forged]), { compression: COMPRESSION });
      const history = { created: '2024-01-02T03:04:05Z', created_by: 'RUN seal' };
      const first = image.config.rootfs.diff_ids[0] as Digest;
      return finishImage(sink, {
        platform: hostPlatform(),
        created: history.created,
        config: {},
        labels: { 'ostree.final-diffid': first },
        layers: [
          { descriptor: ostree, diffId: first, history },
          { descriptor, diffId, history },
        ],
      });
    }),
  );
  await assert.rejects(withImage(path, publishedCommits), coded('ERR_OBJECT_CORRUPT', '0'.repeat(64)));
});
