import assert from 'node:assert/strict';
import test from 'node:test';
import { layerParts, packParts, shareOf } from '../../src/mirror/mirror-layers.ts';

function sizes(files: number, below: number): { readonly sizes: number[]; readonly warnings: string[] } {
  const warnings: string[] = [];
  const numbers = Array.from({ length: files }, (_, file) => file);
  const parts = layerParts(numbers, below, (message) => warnings.push(message));
  assert.deepEqual(parts.flat(), numbers);
  return { sizes: parts.map((part) => part.length), warnings };
}

test('no layer has more files than importers can open at once', () => {
  assert.deepEqual(sizes(0, 2), { sizes: [0], warnings: [] });
  assert.deepEqual(sizes(500, 2), { sizes: [500], warnings: [] });
  assert.deepEqual(sizes(1001, 66), { sizes: [500, 500, 1], warnings: [] });
});

test('where the layers of an image do not suffice they get larger, with a warning', () => {
  const { sizes: few, warnings } = sizes(2500, 117);
  assert.deepEqual(few, [834, 834, 832]);
  assert.match(warnings[0] as string, /^the published repo has 2500 files, 834 in a layer; .*ulimit -n/);
  assert.deepEqual(sizes(501, 130).sizes, [501]);
});

test('each pack is a layer while there may be more layers', () => {
  const parts = (packs: number, below: number) =>
    packParts(
      Array.from({ length: packs }, (_, pack) => pack),
      below,
    ).map((part) => part.length);
  assert.deepEqual(parts(0, 2), []);
  assert.deepEqual(parts(3, 2), [1, 1, 1]);
  assert.deepEqual(parts(9, 115), [3, 3, 3]);
  assert.deepEqual(parts(9, 130), [9]);
});

test('the share of what was baked counts its layers against all others', () => {
  const layer = (size: number, createdBy: string) => ({
    descriptor: { mediaType: 'm', digest: 'sha256:0' as const, size },
    diffId: 'sha256:0' as const,
    history: { created: '', created_by: createdBy },
  });
  const baked = { objects: 3, bytes: 50, packs: 1 };
  const { descriptor } = layer(100, '');
  const layers = [
    { descriptor },
    layer(20, 'treeport published repo of x'),
    layer(40, 'treeport ready objects of x'),
  ];
  assert.deepEqual(shareOf(baked, layers), { ...baked, layerBytes: 40, otherBytes: 120 });
});
