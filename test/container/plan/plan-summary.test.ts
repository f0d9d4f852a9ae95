import assert from 'node:assert/strict';
import test from 'node:test';
import { planCommit } from '../../../src/container/plan/plan-commit.ts';
import { summarizePlan } from '../../../src/container/plan/plan-summary.ts';
import { commitPaths, debianTree } from '../../support/package-trees.ts';

const LISTS = { a: ['/usr/bin/a'], b: ['/usr/bin/b'], c: ['/usr/bin/c'] };
const FILES = {
  'usr/bin/a': 'a'.repeat(1000),
  'usr/bin/b': 'b'.repeat(500),
  'usr/bin/c': 'ccc',
  'usr/own': 'own',
};

test('layers, members, sizes and the expected cost of an update', async (t) => {
  const { source, id } = await commitPaths(t, debianTree(LISTS, FILES));
  const planned = await planCommit(source, id, { packing: 'compatible', warn: assert.fail });
  const summary = summarizePlan(planned);
  assert.equal(summary.layers.length, planned.plan.length - 1);
  const [largest] = summary.layers.filter(({ components }) => components.includes('a:amd64=1'));
  assert.deepEqual([largest?.size, largest?.name], [1000, 'a:amd64=1']);
  assert.ok(largest !== undefined && largest.chance > 0 && largest.chance < 1);
  const reserved = summary.layers.at(-1);
  assert.deepEqual(
    [reserved?.name, reserved?.components, reserved?.size, reserved?.expected],
    ['Reserved for new packages', [], 0, 0],
  );
  const sum = (of: 'size' | 'expected') => summary.layers.reduce((all, layer) => all + layer[of], 0);
  assert.deepEqual([summary.size, summary.expected], [sum('size'), sum('expected')]);
});

test('one layer', async (t) => {
  const { source, id } = await commitPaths(t, FILES);
  assert.deepEqual(summarizePlan(await planCommit(source, id, { warn: assert.fail })).layers, []);
});
