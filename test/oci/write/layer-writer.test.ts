import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import { gunzipSync } from 'node:zlib';
import { digestHex, digestOf } from '../../../src/oci/model/descriptor.ts';
import { parseCompression } from '../../../src/oci/write/compression.ts';
import { writeLayer } from '../../../src/oci/write/layer-writer.ts';
import { createLayoutSink } from '../../../src/oci/write/layout-directory.ts';
import { mixedBytes, oneFileTar, testFolder } from '../../support/small-image.ts';
import { inPieces } from '../../support/tar-streams.ts';

const TAR = oneFileTar(mixedBytes(1_200_000));

test('descriptor, diff-id and blob belong together', async (t) => {
  const path = await testFolder(t);
  const sink = await createLayoutSink({ path, tag: undefined });
  const compression = parseCompression('gzip:1');
  const { descriptor, diffId, uncompressedSize } = await writeLayer(sink, inPieces(TAR), {
    compression,
    annotations: { 'ostree.components': 'a,b' },
  });
  const blob = await readFile(join(path, 'blobs/sha256', digestHex(descriptor.digest)));
  assert.deepEqual(descriptor, {
    mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip',
    digest: digestOf(blob),
    size: blob.length,
    annotations: { 'ostree.components': 'a,b' },
  });
  assert.ok(gunzipSync(blob).equals(TAR));
  assert.equal(diffId, digestOf(TAR));
  assert.equal(uncompressedSize, TAR.length);
  assert.ok(!('annotations' in (await writeLayer(sink, inPieces(TAR), { compression })).descriptor));
  await sink.abort();
});

test('a failing tar leaves no blob, not even a temporary one', async (t) => {
  const path = await testFolder(t);
  const sink = await createLayoutSink({ path, tag: undefined });
  const tar = (async function* () {
    yield TAR;
    throw new Error('the tar broke');
  })();
  await assert.rejects(writeLayer(sink, tar, { compression: parseCompression('zstd') }), /the tar broke/);
  assert.deepEqual(await readdir(join(path, 'blobs/sha256')), []);
  await sink.abort();
});
