import assert from 'node:assert/strict';
import { open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import { collect } from '../../../src/base/bytes.ts';
import { type Descriptor, digestHex } from '../../../src/oci/model/descriptor.ts';
import { parseImageReference } from '../../../src/oci/model/reference.ts';
import { openImage } from '../../../src/oci/read/open-image.ts';
import { createArchiveSink } from '../../../src/oci/write/archive.ts';
import { createLayoutSink } from '../../../src/oci/write/layout-directory.ts';
import { coded } from '../../support/expect.ts';
import { mixedBytes, oneFileTar, testFolder, writeSmallImage } from '../../support/small-image.ts';

const TARS = [oneFileTar('a'), oneFileTar(mixedBytes(800_000))];

test('any range of a blob is read where it lies, in a layout and in an archive', async (t) => {
  const folder = await testFolder(t);
  const [path, archive] = [join(folder, 'image'), join(folder, 'image.oci')];
  await writeSmallImage(await createLayoutSink({ path, tag: 'v1' }), { tars: TARS });
  await writeSmallImage(await createArchiveSink({ path: archive, tag: 'v1' }), { tars: TARS });
  for (const text of [`oci:${path}`, `oci-archive:${archive}`]) {
    const image = await openImage(parseImageReference(text));
    const layer = image.manifest.layers[1] as Descriptor;
    const whole = await collect(image.blob(layer));
    const end = layer.size;
    assert.ok(end > 256 * 1024, 'more than one read');
    for (const [from, to] of [
      [0, end],
      [0, 1],
      [end - 1, end],
      [7, 7],
      [end, end],
      [1000, 300_000],
    ] as const)
      assert.ok((await collect(image.bytes(layer, from, to))).equals(whole.subarray(from, to)), text);
    for (const [from, to] of [
      [0, end + 1],
      [-1, 1],
      [2, 1],
      [0.5, 1],
    ] as const)
      assert.throws(() => image.bytes(layer, from, to), RangeError);
    await image.close();
  }
  const image = await openImage(parseImageReference(`oci:${path}`));
  const layer = image.manifest.layers[1] as Descriptor;
  const file = await open(join(path, 'blobs/sha256', digestHex(layer.digest)), 'r+');
  await file.write(Buffer.from('damaged'), 0, 7, 100);
  await file.close();
  // A digest says nothing about a part.
  assert.equal((await collect(image.bytes(layer, 100, 107))).toString(), 'damaged');
  await rm(join(path, 'blobs/sha256', digestHex(layer.digest)));
  await assert.rejects(collect(image.bytes(layer, 0, 1)), coded('ERR_BLOB_MISSING', layer.digest));
  await image.close();
});
