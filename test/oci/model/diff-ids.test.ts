import assert from 'node:assert/strict';
import { join } from 'node:path';
import test from 'node:test';
import { collect } from '../../../src/base/bytes.ts';
import type { Descriptor, Digest } from '../../../src/oci/model/descriptor.ts';
import { digestOf } from '../../../src/oci/model/descriptor.ts';
import { diffIdsOf } from '../../../src/oci/model/diff-ids.ts';
import { openImage } from '../../../src/oci/read/open-image.ts';
import { makeImage } from '../../support/chunked-images.ts';
import { coded } from '../../support/expect.ts';
import { exportAgain } from '../../support/exported-again.ts';
import { oneFileTar, testFolder } from '../../support/small-image.ts';
import { inPieces } from '../../support/tar-streams.ts';

const TARS = ['a', 'b', 'c'].map(oneFileTar);
const OTHER: readonly Digest[] = ['x', 'y', 'z'].map((text) => digestOf(Buffer.from(text)));

function ids(diffIds: readonly Digest[], layers: number) {
  const layer = { mediaType: 'x', digest: digestOf(Buffer.from('layer')), size: 1 };
  const config = {
    architecture: 'amd64',
    os: 'linux',
    rootfs: { type: 'layers', diff_ids: diffIds },
  } as const;
  return diffIdsOf(config, { schemaVersion: 2, config: layer, layers: Array(layers).fill(layer) }, 'oci:x');
}

test('one diff-id for each layer, or two', () => {
  assert.deepEqual(ids(OTHER, 3), { own: OTHER, former: OTHER });
  assert.deepEqual(ids([...OTHER, ...OTHER.toReversed()], 3), { own: OTHER.toReversed(), former: OTHER });
  assert.deepEqual(ids([], 0), { own: [], former: [] });
});

test('any other number is refused, with both numbers', () => {
  for (const count of [1, 2, 4])
    assert.throws(
      () => ids(OTHER, count),
      coded('ERR_IMAGE_UNSUPPORTED', 'oci:x', `${count} layers`, '3 diff-ids'),
    );
});

test('a layer of an image that was exported again gives one of its two diff-ids', async (t) => {
  const path = join(await testFolder(t), 'image');
  const { layers } = await makeImage(
    path,
    TARS.map((tar) => inPieces(tar)),
  );
  const own = layers.map(({ diffId }) => diffId);
  const readFirst = async (diffIds: readonly Digest[]) => {
    await exportAgain(path, diffIds, diffIds[2] as Digest);
    const image = await openImage({ transport: 'oci', name: path });
    return collect(image.layer(image.manifest.layers[0] as Descriptor));
  };
  for (const diffIds of [own, [...own, ...own], [...OTHER, ...own], [...own, ...OTHER]])
    assert.ok((await readFirst(diffIds)).equals(TARS[0] as Buffer));
  await assert.rejects(
    readFirst([...OTHER, ...OTHER.toReversed()]),
    coded('ERR_BLOB_CORRUPT', `its tar gives ${own[0]}, the config says ${OTHER[2]} or ${OTHER[0]}`),
  );
});
