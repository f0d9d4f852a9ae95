import assert from 'node:assert/strict';
import test from 'node:test';
import type { ListedObject, ObjectLayer } from '../../src/mirror/carried/object-list.ts';
import { checksumOf } from '../../src/ostree/checksum.ts';
import { keepLayers } from '../../src/snapshot/kept-layers.ts';

/** Objects of 100 bytes each, named by the letters. */
function layer(letters: string, length = 100): ObjectLayer {
  return {
    digest: `sha256:${letters}`,
    size: 1,
    kind: 'objects',
    objects: [...letters].map((letter) => ({
      type: 'file',
      checksum: checksumOf(Buffer.from(letter)),
      length,
      isDead: false,
    })),
  };
}

function needed(letters: string): (object: ListedObject) => boolean {
  const names = new Set([...letters].map((letter) => checksumOf(Buffer.from(letter))));
  return ({ type, checksum }) => type === 'file' && names.has(checksum);
}

function kept(layers: readonly ObjectLayer[], letters: string, most = 10) {
  const result = keepLayers(layers, needed(letters), most);
  const name = ({ digest }: ObjectLayer) => digest.slice('sha256:'.length);
  return [result.kept.map(name), result.rewritten.map(({ layer, why }) => [name(layer), why])];
}

test('layers with little that is not needed stay', () => {
  assert.deepEqual(kept([layer('abcdefgh'), layer('ijkl')], 'abcdefgijkl'), [['abcdefgh', 'ijkl'], []]);
});

test('a layer without anything needed is left out, and costs nothing', () => {
  assert.deepEqual(kept([layer('ab'), layer('cd')], 'cd'), [['cd'], []]);
});

test('a layer of which more than half is not needed is written again', () => {
  assert.deepEqual(kept([layer('abcdefghijklmnopqrst'), layer('UVW')], 'abcdefghijklmnopqrstU'), [
    ['abcdefghijklmnopqrst'],
    [['UVW', 'dead']],
  ]);
});

test('if too much is not needed in all, the worst layers are written again', () => {
  assert.deepEqual(kept([layer('abcd'), layer('efgh'), layer('ijklmnop')], 'abefgijklmo'), [
    ['efgh', 'ijklmnop'],
    [['abcd', 'dead']],
  ]);
});

test('many small objects that are not needed are too many whiteouts', () => {
  const many = layer('', 1);
  const objects = Array.from({ length: 401 }, (_, number) => ({
    type: 'file' as const,
    checksum: checksumOf(Buffer.from(String(number))),
    length: 1,
    isDead: false,
  }));
  const { rewritten } = keepLayers(
    [{ ...many, objects: [...objects, ...layer('z', 1e6).objects] }],
    needed('z'),
    10,
  );
  assert.deepEqual(
    rewritten.map(({ why }) => why),
    ['dead'],
  );
});

test('the smallest layers are joined when there are too many', () => {
  assert.deepEqual(kept([layer('abc'), layer('d'), layer('ef'), layer('ghij')], 'abcdefghij', 3), [
    ['ghij'],
    [
      ['d', 'many'],
      ['ef', 'many'],
      ['abc', 'many'],
    ],
  ]);
});
