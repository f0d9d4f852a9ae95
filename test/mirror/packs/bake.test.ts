import assert from 'node:assert/strict';
import test from 'node:test';
import { AUTO_BYTES, BakeFilter, chooseBaked, parseBake } from '../../../src/mirror/packs/bake.ts';

test('--bake is a word or a size', () => {
  assert.deepEqual(['none', 'auto', 'all', '0', '20M'].map(parseBake), ['none', 'auto', 'all', 0, 20e6]);
  for (const text of ['', 'some', '-1', 'AUTO']) {
    assert.throws(() => parseBake(text), { code: 'ERR_USAGE', message: /--bake/ });
  }
});

test('a size takes the smallest objects and keeps their order', () => {
  const candidates = [50, 10, 40, 20, 10].map((size, number) => ({ number, size, length: size }));
  const numbers = (bytes: number) => chooseBaked(candidates, bytes).map(({ number }) => number);
  assert.deepEqual(numbers(0), []);
  assert.deepEqual(numbers(10), [1]);
  assert.deepEqual(numbers(39), [1, 4]);
  assert.deepEqual(numbers(40), [1, 3, 4]);
  assert.deepEqual(numbers(130), [0, 1, 2, 3, 4]);
  assert.deepEqual(chooseBaked(candidates, 'auto'), candidates);
});

test('auto is a limit of the object, all has none, none takes nothing', () => {
  const may = (bake: 'none' | 'auto' | 'all') =>
    [0, AUTO_BYTES, AUTO_BYTES + 1].map((size) => new BakeFilter(bake).mayBake(size));
  assert.deepEqual(may('none'), [false, false, false]);
  assert.deepEqual(may('auto'), [true, true, false]);
  assert.deepEqual(may('all'), [true, true, true]);
});

test('objects that smaller ones leave no room for are not encoded, and none that would be chosen is missed', () => {
  const filter = new BakeFilter(1000);
  const sizes = Array.from({ length: 400 }, (_, i) => (i * 7919) % 397);
  const objects = sizes.map((size) => ({ size, length: size }));
  const taken = objects.filter((object) => {
    if (!filter.mayBake(object.size)) return false;
    filter.add(object);
    return true;
  });
  assert.ok(taken.length < objects.length);
  assert.deepEqual(chooseBaked(taken, 1000), chooseBaked(objects, 1000));
});
