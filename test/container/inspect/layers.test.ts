import assert from 'node:assert/strict';
import test from 'node:test';
import { encapsulatedLayers, layersOf } from '../../../src/container/inspect/layers.ts';
import type { Descriptor, Digest } from '../../../src/oci/model/descriptor.ts';
import { MEDIA_TYPE_CONFIG, MEDIA_TYPE_LAYER } from '../../../src/oci/model/media-types.ts';
import { coded } from '../../support/expect.ts';

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

/** An image whose layers have these diff-ids; `final` is what the label says. */
function image(diffIds: string, final: string | undefined, layers = diffIds) {
  const descriptor = (letter: string): Descriptor => ({
    mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip',
    digest: digest(letter),
    size: 1,
  });
  const label = final === undefined ? {} : { 'ostree.final-diffid': digest(final) };
  return {
    reference: { transport: 'oci', name: 'image' } as const,
    manifest: { schemaVersion: 2, config: descriptor('f'), layers: [...layers].map(descriptor) } as const,
    config: {
      os: 'linux',
      architecture: 'arm64',
      config: { Labels: { vendor: 'somebody', ...label } },
      rootfs: { type: 'layers', diff_ids: [...diffIds].map(digest) },
    } as const,
  };
}

function split(diffIds: string, final: string): readonly string[] {
  const { ostree, derived } = encapsulatedLayers(image(diffIds, final));
  return [ostree, derived].map((layers) => layers.map((layer) => layer.digest[7]).join(''));
}

test('the layers up to the one that the label names are the commit’s, the others are derived', () => {
  assert.deepEqual(split('abc', 'a'), ['a', 'bc']);
  assert.deepEqual(split('abc', 'b'), ['ab', 'c']);
  assert.deepEqual(split('abc', 'c'), ['abc', '']);
});

test('of several empty component layers, which are all alike, the last is meant', () => {
  assert.deepEqual(split('aebe', 'e'), ['aebe', '']);
  assert.deepEqual(split('aebecd', 'e'), ['aebe', 'cd']);
});

test('an image that was exported again has the diff-ids from before in front of its own', () => {
  const again = (diffIds: string, final: string) => {
    const { ostree, derived } = encapsulatedLayers(image(diffIds, final, diffIds.slice(diffIds.length / 2)));
    return [ostree.length, derived.length];
  };
  assert.deepEqual(again('abcabc', 'b'), [2, 1]);
  assert.deepEqual(again('abcdef', 'b'), [2, 1]);
  assert.deepEqual(again('abcdef', 'e'), [2, 1]);
  assert.deepEqual(again('aebeaebe', 'e'), [4, 0]);
  // Where both could be meant it is the former, as ostree-ext has it.
  assert.deepEqual(again('abcbca', 'b'), [2, 1]);
  assert.throws(() => again('abcdef', '0'), coded('ERR_NOT_ENCAPSULATED', digest('0')));
});

test('an image of something else is refused, and described', () => {
  assert.throws(
    () => encapsulatedLayers(image('abc', undefined)),
    coded(
      'ERR_NOT_ENCAPSULATED',
      'oci:image',
      'a plain container image',
      '3 layers',
      'linux/arm64',
      'vendor',
    ),
  );
  assert.throws(() => encapsulatedLayers(image('abc', 'd')), coded('ERR_NOT_ENCAPSULATED', digest('d')));
  const { config, ...rest } = image('abc', undefined);
  const snapshot = { ...rest, config: { ...config, config: { Labels: { 'treeport.refs': 'a b' } } } };
  assert.throws(
    () => encapsulatedLayers(snapshot),
    coded('ERR_NOT_ENCAPSULATED', 'oci:image is a snapshot that boots no commit', 'treeport snapshot info'),
  );
});

test('a manifest that lacks a layer of the config is refused', () => {
  const cut = image('abc', 'a', 'ab');
  assert.throws(() => encapsulatedLayers(cut), coded('ERR_IMAGE_UNSUPPORTED', '2 layers', '3 diff-ids'));
});
