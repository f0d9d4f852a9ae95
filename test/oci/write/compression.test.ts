import assert from 'node:assert/strict';
import test from 'node:test';
import { layerMediaType, parseCompression } from '../../../src/oci/write/compression.ts';
import { coded } from '../../support/expect.ts';

test('a compression has a level, or its default', () => {
  assert.deepEqual(parseCompression('gzip'), { algorithm: 'gzip', level: 6 });
  assert.deepEqual(parseCompression('gzip:1'), { algorithm: 'gzip', level: 1 });
  assert.deepEqual(parseCompression('zstd'), { algorithm: 'zstd', level: 3 });
  assert.deepEqual(parseCompression('zstd:19'), { algorithm: 'zstd', level: 19 });
});

test('other words and levels are refused', () => {
  for (const text of [
    '',
    'xz',
    'gzip:',
    'gzip:0',
    'gzip:10',
    'gzip:-1',
    'gzip:06',
    'zstd:20',
    'zstd:3x',
    'GZIP',
  ]) {
    assert.throws(() => parseCompression(text), coded('ERR_COMPRESSION', 'gzip[:1-9]', 'zstd[:1-19]'));
  }
});

test('the media type says the compression', () => {
  assert.equal(layerMediaType(parseCompression('gzip')), 'application/vnd.oci.image.layer.v1.tar+gzip');
  assert.equal(layerMediaType(parseCompression('zstd')), 'application/vnd.oci.image.layer.v1.tar+zstd');
});
