import assert from 'node:assert/strict';
import test from 'node:test';
import type { SizedComponent } from '../../../src/container/packing/compatible.ts';
import { packCompatible } from '../../../src/container/packing/compatible.ts';
import { packLikeBefore } from '../../../src/container/packing/compatible-prior.ts';

function components(...names: readonly string[]): readonly SizedComponent[] {
  return names.map((name, index) => ({
    identifier: `${name}-${index}`,
    name,
    changeFrequency: 1,
    size: 100 - index,
  }));
}

function packed(given: readonly SizedComponent[], bins: number, prior: readonly (readonly string[])[]) {
  const { bins: found, discarded } = packLikeBefore(given, bins, prior);
  return { names: found.map((bin) => bin.map(({ name }) => name).join()), discarded };
}

test('components stay, new ones join the last layer, and emptied layers go', () => {
  const given = components('z', 'a', 'c', 'd', 'b');
  const { names, discarded } = packed(given, 6, [['a', 'gone'], ['gone2'], ['c'], []]);
  assert.deepEqual(names, ['a', 'c', 'b,d,z']);
  assert.equal(discarded, undefined);
  assert.deepEqual(packed(components('a'), 6, [['a'], ['gone']]).names, ['a', '']);
});

test('names of several components, and names that come twice, are placed once', () => {
  const given = components('glibc', 'bash', 'glibc');
  assert.deepEqual(packed(given, 4, [['glibc', 'glibc'], ['bash', 'glibc'], []]).names, [
    'glibc,glibc',
    'bash',
    '',
  ]);
});

test('former layers that do not fit are discarded, with the reason', () => {
  const given = components('a', 'b', 'c', 'd', 'e');
  const afresh = packCompatible(given, 4).map((bin) => bin.map(({ name }) => name).join());
  const many = packed(given, 4, [['a'], ['b'], ['c'], ['d'], ['e'], []]);
  assert.deepEqual(many, {
    names: afresh,
    discarded: 'the former image has 6 component layers, more than 4',
  });
  assert.match(String(packed(given, 4, []).discarded), /no component layers/);
});
