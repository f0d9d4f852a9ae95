import assert from 'node:assert/strict';
import test from 'node:test';
import { checkPlan } from '../../../src/container/encapsulate/layer-plan.ts';
import { parseContentmeta } from '../../../src/container/plan/contentmeta.ts';
import { type PlanCommitOptions, planCommit } from '../../../src/container/plan/plan-commit.ts';
import { contentmetaJson } from '../../../src/container/plan/write-contentmeta.ts';
import { commitObjects } from '../../../src/tar/chunk.ts';
import { coded } from '../../support/expect.ts';
import { type CommittedTree, commitPaths, debianTree } from '../../support/package-trees.ts';

const LISTS = { a: ['/usr/bin/a'], b: ['/usr/bin/b'], c: ['/usr/bin/c'] };
const FILES = {
  'usr/bin/a': 'a',
  'usr/bin/b': 'bb',
  'usr/bin/c': 'ccc',
  'usr/own': 'own',
  'usr/again': 'own',
};

function plan({ source, id }: CommittedTree, options: Partial<PlanCommitOptions> = {}) {
  return planCommit(source, id, { warn: assert.fail, ...options });
}

test('without options: stable with packages, else one layer', async (t) => {
  const packaged = await commitPaths(t, debianTree(LISTS, FILES));
  const stable = await plan(packaged);
  assert.equal(stable.packing, 'stable');
  assert.ok(stable.plan.length > 3);
  assert.deepEqual(stable.plan, (await plan(packaged, { packing: 'stable' })).plan);
  for (const single of [
    await plan(packaged, { packages: 'none' }),
    await plan(packaged, { packing: 'single' }),
    await plan(await commitPaths(t, FILES)),
  ]) {
    assert.deepEqual([single.packing, single.plan.length, single.record], ['single', 1, undefined]);
  }
});

test('every packing has each path once', async (t) => {
  const tree = await commitPaths(t, debianTree(LISTS, FILES));
  const objects = await commitObjects(tree.source, tree.id);
  for (const packing of ['compatible', 'stable', 'single'] as const)
    checkPlan((await plan(tree, { packing })).plan, objects);
});

test('the layers of a contentmeta file, in its order, and one for what is to come', async (t) => {
  const tree = await commitPaths(t, FILES);
  const objects = await commitObjects(tree.source, tree.id);
  const layerOf = (paths: readonly string[]) => (paths[0] === '/usr/bin/a' ? 'last' : 'first');
  const mapping = Object.fromEntries([...objects].map(([checksum, paths]) => [checksum, layerOf(paths)]));
  const file = (more: object = {}) =>
    parseContentmeta(
      Buffer.from(JSON.stringify({ version: 1, layers: { first: 'F', last: 'L' }, mapping, ...more })),
      'meta.json',
    );
  const planned = await plan(tree, { contentmeta: file({ created: 'then', labels: { x: 'y' } }) });
  checkPlan(planned.plan, objects);
  assert.deepEqual(
    planned.plan.map(({ name, packages, objects }) => [name, packages, objects.size]),
    [
      ['', [], 0],
      ['first', ['F'], objects.size - 1],
      ['last', ['L'], 1],
      ['Reserved for new packages', [], 0],
    ],
  );
  assert.deepEqual([planned.created, planned.labels, planned.notes], ['then', { x: 'y' }, []]);
  const [some] = Object.keys(mapping);
  const without = Object.fromEntries(Object.entries(mapping).filter(([checksum]) => checksum !== some));
  const more = { ...mapping, ['0'.repeat(64)]: 'last' };
  await assert.rejects(
    plan(tree, { contentmeta: file({ mapping: without }) }),
    coded('ERR_CONTENTMETA', 'meta.json', `does not map object ${some} (/usr/`),
  );
  await assert.rejects(
    plan(tree, { contentmeta: file({ layers: { first: 'F', last: 'L', empty: 'E' } }) }),
    coded('ERR_CONTENTMETA', 'no object of the commit is in its layer "empty"'),
  );
  assert.match((await plan(tree, { contentmeta: file({ mapping: more }) })).notes.join(), /maps 1 objects/);
});

test('the written contentmeta is the plan of the next build', async (t) => {
  const tree = await commitPaths(t, debianTree(LISTS, FILES));
  const first = await plan(tree, { packing: 'compatible' });
  const written = JSON.parse(contentmetaJson(first).toString());
  assert.deepEqual(Object.keys(written[0]).slice(0, 6), [
    'identifier',
    'name',
    'srcid',
    'change_time_offset',
    'change_frequency',
    'size',
  ]);
  const contentmeta = parseContentmeta(contentmetaJson(first), 'meta.json');
  assert.ok(contentmeta.kind === 'components' && contentmeta.record);
  const names = (layers: NonNullable<typeof first.record>['layers']) =>
    layers.map((members) => members.map(({ name }) => name).toSorted());
  assert.deepEqual(names(contentmeta.record.layers), names(first.record?.layers ?? []));
});

test('too few layers', async (t) => {
  const tree = await commitPaths(t, debianTree(LISTS, FILES));
  await assert.rejects(
    plan(tree, { packing: 'compatible', maxLayers: 3 }),
    coded('ERR_LAYER_PLAN', 'at least 4'),
  );
});
