import assert from 'node:assert/strict';
import test from 'node:test';
import { layersOf } from '../../../src/container/inspect/layers.ts';
import type { Descriptor, Digest } from '../../../src/oci/model/descriptor.ts';
import { MEDIA_TYPE_CONFIG, MEDIA_TYPE_LAYER } from '../../../src/oci/model/media-types.ts';

function digest(letter: string): Digest {
  return `sha256:${letter.repeat(64)}`;
}

function layer(letter: string, components?: string): Descriptor {
  const annotations = components === undefined ? {} : { annotations: { 'ostree.components': components } };
  return { mediaType: MEDIA_TYPE_LAYER, digest: digest(letter), size: 1, ...annotations };
}

const IMAGE = {
  reference: { transport: 'oci', name: 'image' },
  manifest: {
    schemaVersion: 2,
    config: { mediaType: MEDIA_TYPE_CONFIG, digest: digest('f'), size: 2 },
    layers: [layer('0'), layer('1', 'bash,glibc'), layer('2', ''), layer('3')],
  },
  config: {
    architecture: 'amd64',
    os: 'linux',
    rootfs: { type: 'layers', diff_ids: [digest('a'), digest('b'), digest('c'), digest('d')] },
    history: [
      { created_by: 'the subject' },
      { created_by: 'two' },
      { created_by: 'reserved' },
      { created_by: 'ENV x=y', empty_layer: true },
      { created_by: 'RUN it' },
    ],
  },
} as const;

test('kinds, components and history; entries without a layer are passed over', () => {
  const rows = layersOf(IMAGE, 3).map(({ kind, diffId, components, createdBy }) => [
    kind,
    diffId,
    components,
    createdBy,
  ]);
  assert.deepEqual(rows, [
    ['ostree', digest('a'), [], 'the subject'],
    ['component', digest('b'), ['bash', 'glibc'], 'two'],
    ['component', digest('c'), [], 'reserved'],
    ['derived', digest('d'), [], 'RUN it'],
  ]);
});

test('an image without a commit has derived layers only', () => {
  assert.deepEqual(
    layersOf(IMAGE, 0).map(({ kind }) => kind),
    Array(4).fill('derived'),
  );
});
