import assert from 'node:assert/strict';
import test from 'node:test';
import { checksumOf } from '../../src/ostree/checksum.ts';
import { MAX_TREE_LEVELS, TreeLevels } from '../../src/ostree/tree-levels.ts';

const id = (name: string) => checksumOf(Buffer.from(name));

/** Trees 1 to `count`, each in the one before. */
function chain(levels: TreeLevels, count: number, prefix = 't'): void {
  for (let level = 1; level <= count; level++)
    levels.add(id(`${prefix}${level}`), level < count ? [id(`${prefix}${level + 1}`)] : []);
}

test('as many levels as there may be, and one more', () => {
  const levels = new TreeLevels();
  chain(levels, MAX_TREE_LEVELS + 1);
  assert.equal(levels.tooDeep(id('t2')), undefined);
  assert.equal(levels.tooDeep(id('t1')), id(`t${MAX_TREE_LEVELS + 1}`));
});

test('a hundred thousand levels', () => {
  const levels = new TreeLevels();
  chain(levels, 100_000);
  assert.equal(levels.tooDeep(id('t1')), id('t2048'));
});

test('a tree counts at its deepest place, not the first', () => {
  const levels = new TreeLevels();
  chain(levels, 1500, 'low');
  chain(levels, 600, 'high');
  levels.add(id('high600'), [id('low1')]);
  levels.add(id('root'), [id('low1'), id('high1')]);
  assert.equal(levels.tooDeep(id('low1')), undefined);
  assert.equal(levels.tooDeep(id('root')), id('low1447'));
});

test('trees may be added after others were checked, and be unknown', () => {
  const levels = new TreeLevels();
  chain(levels, 2000, 'a');
  assert.equal(levels.tooDeep(id('a1')), undefined);
  levels.add(id('b'), [id('a1'), id('unknown')]);
  assert.equal(levels.tooDeep(id('b')), undefined);
  assert.equal(levels.tooDeep(id('never seen')), undefined);
});

test('many children, and equal ones', () => {
  const levels = new TreeLevels();
  const names = Array.from({ length: 200_000 }, (_, index) => id(`child${index}`));
  levels.add(id('wide'), [...names, ...names]);
  assert.equal(levels.tooDeep(id('wide')), undefined);
});
