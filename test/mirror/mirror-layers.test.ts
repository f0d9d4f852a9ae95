import assert from 'node:assert/strict';
import test from 'node:test';
import { layerParts } from '../../src/mirror/mirror-layers.ts';

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
