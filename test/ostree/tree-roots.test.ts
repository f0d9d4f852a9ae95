import assert from 'node:assert/strict';
import test from 'node:test';
import { DirtreeReader, serializeDirtree } from '../../src/ostree/dirtree.ts';
import { distinctDirectories, TreeRoots, treesOf } from '../../src/ostree/tree-roots.ts';
import { repeatedChecksum } from '../support/checksums.ts';

const [a, b, c] = [repeatedChecksum('a'), repeatedChecksum('b'), repeatedChecksum('c')];

test('distinct directories come in the order of their last occurrences', () => {
  const roots = [
    { tree: a, meta: a },
    { tree: b, meta: a },
    { tree: a, meta: a },
    { tree: a, meta: b },
    { tree: b, meta: a },
    { tree: c, meta: c },
  ];
  const directories = roots.map((root, index) => ({ name: `${index}`, ...root }));
  const distinct = distinctDirectories(new DirtreeReader(serializeDirtree({ files: [], directories })));
  assert.deepEqual([...distinct], [roots[2], roots[3], roots[4], roots[5]]);
  assert.deepEqual([...treesOf(distinct)], [a, a, b, c]);
});

test('a stack of any height gives back what was put on it', () => {
  const roots = new TreeRoots();
  const pairs = Array.from({ length: 1000 }, (_, index) => ({
    tree: index % 2 ? a : b,
    meta: index % 3 ? a : c,
  }));
  for (const root of pairs) roots.push(root);
  for (const root of pairs.toReversed()) assert.deepEqual(roots.pop(), root);
  assert.equal(roots.pop(), undefined);
});
