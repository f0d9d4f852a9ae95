import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { compareImages, compareLayers } from '../../../src/container/inspect/compare-images.ts';
import type { LayerInfo } from '../../../src/container/inspect/layers.ts';
import type { Descriptor, Digest } from '../../../src/oci/model/descriptor.ts';
import { MEDIA_TYPE_CONFIG, MEDIA_TYPE_LAYER_GZIP } from '../../../src/oci/model/media-types.ts';

type Layers = Readonly<Record<'before' | 'after', readonly (readonly [Digest, number])[]>>;

/** Digests and sizes of the layers of two versions of an OS image, as a registry has them. */
const OS_IMAGE: Layers = JSON.parse(
  readFileSync(join(import.meta.dirname, '../../fixtures/os-image-layers.json'), 'utf8'),
);

function imageOf(layers: readonly (readonly [Digest, number])[]) {
  const config: Descriptor = { mediaType: MEDIA_TYPE_CONFIG, digest: `sha256:${'0'.repeat(64)}`, size: 2 };
  return {
    reference: { transport: 'registry', name: 'os' },
    manifest: {
      schemaVersion: 2,
      config,
      layers: layers.map(([digest, size]) => ({ mediaType: MEDIA_TYPE_LAYER_GZIP, digest, size })),
    },
    config: {
      architecture: 'amd64',
      os: 'linux',
      rootfs: { type: 'layers', diff_ids: layers.map(([digest]) => digest) },
    },
  } as const;
}

/** A layer whose digest is made of one letter. */
function layer(letter: string, size: number, more: Partial<LayerInfo> = {}): LayerInfo {
  return {
    kind: 'component',
    digest: `sha256:${letter.repeat(64)}`,
    diffId: undefined,
    mediaType: MEDIA_TYPE_LAYER_GZIP,
    size,
    components: [],
    members: undefined,
    createdBy: undefined,
    ...more,
  };
}

test('two versions of an OS image, with the totals that ostree-ext finds', () => {
  const { total, added, removed, components } = compareImages(
    imageOf(OS_IMAGE.before),
    imageOf(OS_IMAGE.after),
  );
  assert.deepEqual(total, { layers: 51, size: 697_035_490 });
  assert.deepEqual(added, { layers: 4, size: 170_472_856 });
  assert.deepEqual(removed, { layers: 4, size: 170_473_141 });
  assert.deepEqual(components.map(({ change }) => change).toSorted(), [
    ...Array(4).fill('added'),
    ...Array(4).fill('removed'),
  ]);
});

test('an image compared with itself', () => {
  const image = imageOf(OS_IMAGE.before);
  const { added, removed, components } = compareImages(image, image);
  assert.deepEqual([added, removed, components], [{ layers: 0, size: 0 }, { layers: 0, size: 0 }, []]);
});

test('components by name: of one layer, several in one layer, from one layer to another', () => {
  const before = [
    layer('0', 10, { kind: 'ostree', createdBy: 'Version 1' }),
    layer('1', 100, { components: ['bash'] }),
    layer('2', 200, { components: ['vim'] }),
    layer('3', 300, { components: ['sed', 'grep', 'tar'] }),
    layer('4', 400, { components: ['kernel'] }),
    layer('5', 500, { kind: 'derived', createdBy: 'RUN one' }),
  ];
  const after = [
    layer('a', 11, { kind: 'ostree', createdBy: 'Version 2' }),
    layer('1', 100, { components: ['bash'] }),
    layer('b', 201, { components: ['nano'] }),
    layer('c', 301, { components: ['sed', 'grep'] }),
    layer('d', 402, { components: ['kernel', 'tar'] }),
    layer('e', 501, { kind: 'derived', createdBy: 'RUN one' }),
  ];
  const { components } = compareLayers(before, after);
  assert.deepEqual(components, [
    { change: 'changed', kind: 'ostree', names: ['the commit and its metadata'], before: 10, after: 11 },
    { change: 'removed', kind: 'component', names: ['vim'], before: 200, after: undefined },
    { change: 'changed', kind: 'component', names: ['sed', 'grep'], before: 300, after: 301 },
    { change: 'changed', kind: 'component', names: ['tar'], before: 300, after: 402 },
    { change: 'changed', kind: 'component', names: ['kernel'], before: 400, after: 402 },
    { change: 'changed', kind: 'derived', names: ['RUN one'], before: 500, after: 501 },
    { change: 'added', kind: 'component', names: ['nano'], before: undefined, after: 201 },
  ]);
});

test('layers of one digest are one layer, but each takes its size', () => {
  const empty = layer('0', 10, { createdBy: 'empty' });
  const { total, added, components } = compareLayers([], [empty, empty]);
  assert.deepEqual(total, { layers: 1, size: 20 });
  assert.deepEqual(added, { layers: 1, size: 10 });
  assert.deepEqual(components, [
    { change: 'added', kind: 'component', names: ['empty'], before: undefined, after: 20 },
  ]);
});
