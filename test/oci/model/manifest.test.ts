import assert from 'node:assert/strict';
import test from 'node:test';
import { canonicalJson } from '../../../src/oci/model/canonical-json.ts';
import { digestOf } from '../../../src/oci/model/descriptor.ts';
import type { Json } from '../../../src/oci/model/json.ts';
import {
  imageManifest,
  isManifestType,
  parseManifest,
  withOciTypes,
} from '../../../src/oci/model/manifest.ts';
import { MEDIA_TYPE_CONFIG, MEDIA_TYPE_LAYER_GZIP } from '../../../src/oci/model/media-types.ts';
import { coded } from '../../support/expect.ts';

const DIGEST = digestOf(Buffer.alloc(0));
const CONFIG = { mediaType: MEDIA_TYPE_CONFIG, digest: DIGEST, size: 0 };
const LAYER = { mediaType: MEDIA_TYPE_LAYER_GZIP, digest: DIGEST, size: 0 };

test('a manifest is written without a media type of its own', () => {
  const manifest = imageManifest({ config: CONFIG, layers: [LAYER], annotations: { a: 'b' } });
  assert.equal(
    canonicalJson(manifest as Json).toString(),
    `{"annotations":{"a":"b"},"config":{"digest":"${DIGEST}","mediaType":"application/vnd.oci.image.config.v1+json","size":0},` +
      `"layers":[{"digest":"${DIGEST}","mediaType":"application/vnd.oci.image.layer.v1.tar+gzip","size":0}],"schemaVersion":2}`,
  );
});

test('a manifest is read with all its members', () => {
  const value = { schemaVersion: 2, config: CONFIG, layers: [LAYER], subject: CONFIG };
  assert.deepEqual(parseManifest(Buffer.from(JSON.stringify(value)), 'x'), value);
});

test('faulty manifests are refused', () => {
  const parse = (value: object) => () => parseManifest(Buffer.from(JSON.stringify(value)), 'manifest m');
  assert.throws(parse({ schemaVersion: 1 }), coded('ERR_IMAGE_UNSUPPORTED', 'manifest m', 'schemaVersion 1'));
  assert.throws(parse({ schemaVersion: 2, layers: [] }), coded('ERR_JSON', 'config'));
  assert.throws(
    parse({ schemaVersion: 2, config: CONFIG, layers: [LAYER, {}] }),
    coded('ERR_JSON', 'layers[1]'),
  );
});

test('layer types of Docker become those of OCI, any other stays', () => {
  const types = ['application/vnd.docker.image.rootfs.diff.tar.gzip', 'constructor', '__proto__'];
  const layers = types.map((mediaType) => ({ ...LAYER, mediaType }));
  const manifest = withOciTypes(imageManifest({ config: CONFIG, layers, annotations: {} }));
  assert.deepEqual(
    manifest.layers.map(({ mediaType }) => mediaType),
    [MEDIA_TYPE_LAYER_GZIP, 'constructor', '__proto__'],
  );
});

test('the manifests of Docker count as manifests, indexes do not', () => {
  assert.ok(isManifestType('application/vnd.docker.distribution.manifest.v2+json'));
  assert.ok(!isManifestType('application/vnd.oci.image.index.v1+json'));
});
