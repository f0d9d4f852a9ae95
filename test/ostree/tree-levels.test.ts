import assert from 'node:assert/strict';
import test from 'node:test';
import { MAX_TREE_LEVELS, TreeLevels } from '../../src/ostree/tree-levels.ts';

/** Trees 1 to `count`, each in the one before. */
function chain(levels: TreeLevels, count: number, prefix = 't'): void {
  for (let level = 1; level <= count; level++)
    levels.add(`${prefix}${level}`, level < count ? [`${prefix}${level + 1}`] : []);
}

test('as many levels as there may be, and one more', () => {
  const levels = new TreeLevels();
  chain(levels, MAX_TREE_LEVELS + 1);
  assert.equal(levels.tooDeep('t2'), undefined);
  assert.equal(levels.tooDeep('t1'), `t${MAX_TREE_LEVELS + 1}`);
});

test('a hundred thousand levels', () => {
  const levels = new TreeLevels();
  chain(levels, 100_000);
  assert.equal(levels.tooDeep('t1'), 't2048');
});

test('a tree counts at its deepest place, not the first', () => {
  const levels = new TreeLevels();
  chain(levels, 1500, 'low');
  chain(levels, 600, 'high');
  levels.add('high600', ['low1']);
  levels.add('root', ['low1', 'high1']);
  assert.equal(levels.tooDeep('low1'), undefined);
  assert.equal(levels.tooDeep('root'), 'low1447');
});

test('trees may be added after others were checked, and be unknown', () => {
  const levels = new TreeLevels();
  chain(levels, 2000, 'a');
  assert.equal(levels.tooDeep('a1'), undefined);
  levels.add('b', ['a1', 'unknown']);
  assert.equal(levels.tooDeep('b'), undefined);
  assert.equal(levels.tooDeep('never seen'), undefined);
});

test('many children, and equal ones', () => {
  const levels = new TreeLevels();
  const names = Array.from({ length: 200_000 }, (_, index) => `child${index}`);
  levels.add('wide', [...names, ...names]);
  assert.equal(levels.tooDeep('wide'), undefined);
});
