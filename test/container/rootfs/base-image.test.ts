import assert from 'node:assert/strict';
import test from 'node:test';
import { baseImage } from '../../../src/container/rootfs/base-image.ts';
import type { Digest } from '../../../src/oci/model/descriptor.ts';
import type { ImageConfig } from '../../../src/oci/model/image-config.ts';
import { coded } from '../../support/expect.ts';

const [FIRST, SECOND, THIRD] = ['a', 'b', 'c'].map((digit): Digest => `sha256:${digit.repeat(64)}`);

function base(config: Partial<ImageConfig>) {
  const image: ImageConfig = {
    ...{ architecture: 'arm64', os: 'linux', variant: 'v8', created: '2026-01-02T03:04:05.678Z' },
    rootfs: { type: 'layers', diff_ids: [FIRST, SECOND, THIRD] as Digest[] },
    ...config,
  };
  const reference = { transport: 'oci', name: 'base' } as const;
  const blob = { mediaType: 'x', digest: FIRST as Digest, size: 1 };
  return baseImage({ reference, config: image, manifest: { schemaVersion: 2, config: blob, layers: [] } });
}

test('configuration, labels, platform, time and version are kept, stale labels are not', () => {
  const Labels = {
    'ostree.commit': 'x',
    'ostree.final-diffid': String(SECOND),
    'ostree.linux': '6.1',
    'rpmostree.inputhash': 'y',
    'org.opencontainers.image.version': '41',
    vendor: 'example',
  };
  const found = base({ config: { Cmd: ['/sbin/init'], Env: ['A=b'], Labels } });
  assert.deepEqual(found.config, {
    Cmd: ['/sbin/init'],
    Env: ['A=b'],
    Labels: { 'org.opencontainers.image.version': '41', vendor: 'example' },
  });
  assert.deepEqual(found.platform, { architecture: 'arm64', os: 'linux', variant: 'v8' });
  assert.deepEqual([found.created, found.version], [1767323045, '41']);
});

test("steps are kept without layers, but for those of a former commit's layers", () => {
  const history = [
    { created_by: 'ostree export of commit', comment: 'a record' },
    { created_by: 'ENV A=b', empty_layer: true },
    { created_by: 'bash and zlib' },
    { created_by: 'RUN dnf install', comment: 'buildah' },
  ];
  const Labels = { 'ostree.final-diffid': String(SECOND) };
  assert.deepEqual(base({ config: { Labels }, history }).history, [
    { created_by: 'ENV A=b', empty_layer: true },
    { created_by: 'RUN dnf install', empty_layer: true },
  ]);
  assert.equal(base({ history }).history.length, 4);
});

test('an image that says little is a base, too; a mirror image is none', () => {
  const { created: _, ...found } = base({ created: 'once' });
  assert.deepEqual([found.config, found.history, found.version], [{ Labels: {} }, [], undefined]);
  assert.throws(
    () => base({ config: { Labels: { 'treeport.refs': 'os' } } }),
    coded('ERR_ALREADY_MIRROR', 'oci:base'),
  );
});
