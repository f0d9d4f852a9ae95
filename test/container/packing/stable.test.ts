import assert from 'node:assert/strict';
import test from 'node:test';
import type { Component } from '../../../src/container/packing/component.ts';
import { expectedBytes } from '../../../src/container/packing/expected-cost.ts';
import { type PlanRecord, planRecord } from '../../../src/container/packing/plan-record.ts';
import { packStable } from '../../../src/container/packing/stable.ts';
import { Random } from '../../gvariant/random.ts';
import { madeComponent } from '../../support/components.ts';

const MB = 1_000_000;

function packed(given: readonly Component[], most: number, previous?: PlanRecord) {
  const { layers, notes } = packStable(given, most, previous);
  return { names: layers.map((members) => members.map(({ name }) => name).join()), layers, notes };
}

const system = (versions: Readonly<Record<string, number>> = {}): readonly Component[] =>
  [
    madeComponent('browser', { size: 80 * MB, changeRate: 20 }),
    madeComponent('icons', { size: 60 * MB, changeRate: 0.2 }),
    madeComponent('fonts', { size: 50 * MB, changeRate: 0.1 }),
    madeComponent('lib', { size: 2 * MB, changeRate: 2 }),
    madeComponent('lib-dev', { size: MB, changeRate: 2, group: 'lib' }),
    madeComponent('kernel 6', { kind: 'kernel', size: 400 * MB, changeRate: 15 }),
    madeComponent('initramfs 6', { kind: 'initramfs', size: 30 * MB, changeRate: 26 }),
    madeComponent('unpackaged', { kind: 'unpackaged', size: 5 * MB, changeRate: 26 }),
  ].map((each) => ({ ...madeComponent(each.name, { version: versions[each.name] ?? 1 }), ...restOf(each) }));

function restOf({ kind, size, changeRate, group }: Component): Partial<Component> {
  return { kind, size, changeRate, group };
}

test('what changes seldom shares a layer, sources stay together, and a layer is reserved', () => {
  assert.deepEqual(packed(system(), 8).names, [
    'fonts',
    'icons',
    'browser',
    'lib,lib-dev',
    'initramfs 6',
    'kernel 6',
    'unpackaged',
    '',
  ]);
  assert.deepEqual(packed(system(), 6).names, [
    'fonts,icons',
    'browser',
    'lib,lib-dev',
    'kernel 6',
    'initramfs 6,unpackaged',
    '',
  ]);
});

test('two layers are the least', () => {
  assert.equal(packed(system(), 2).names.length, 2);
  assert.equal(packed(system(), 2).names[1], '');
});

test('an altered package stays, and newcomers are in the last layer', () => {
  const before = packed(system(), 20);
  const now = [...system({ browser: 2 }), madeComponent('editor', { size: 3 * MB })];
  const after = packed(now, before.names.length, planRecord(before.layers));
  assert.deepEqual(after.names, [...before.names.slice(0, -1), 'editor']);
  assert.deepEqual(after.notes, []);
  const again = packed(now, before.names.length + 1, planRecord(before.layers));
  assert.deepEqual(again.names.slice(-2), ['editor', '']);
});

test('a new kernel takes the place of one that is gone', () => {
  const before = packed(system(), 9);
  const now = system().map((each) =>
    each.kind === 'kernel'
      ? { ...each, ...madeComponent('kernel 7'), ...restOf(each), group: 'kernel 7' }
      : each,
  );
  const after = packed(now, 9, planRecord(before.layers));
  assert.deepEqual(
    after.names,
    before.names.map((names) => names.replace('kernel 6', 'kernel 7')),
  );
});

test('a rebalance that pays is done, with both figures; one that does not is not', () => {
  const together = [
    [
      madeComponent('big', { size: 100 * MB, changeRate: 0.1 }),
      madeComponent('busy', { size: MB, changeRate: 25 }),
    ],
    [],
  ];
  const pays = packed(together.flat(), 4, planRecord(together));
  assert.deepEqual(pays.names, ['busy', 'big', '']);
  assert.match(
    pays.notes.join(),
    /^1 components move to other layers: [\d.]+ \w+ more to download in this update, and [\d.]+ \w+ less expected in each of the next 10$/,
  );
  const calm = together.map((members) => members.map((each) => ({ ...each, changeRate: 0.01 })));
  assert.deepEqual(packed(calm.flat(), 4, planRecord(calm)), {
    names: ['big,busy', ''],
    layers: calm,
    notes: [],
  });
});

test('a record of names alone is kept as well', () => {
  const before = packed(system(), 9);
  const names = { layers: before.layers.map((members) => members.map(({ name }) => ({ name }))) };
  assert.deepEqual(packed(system({ lib: 2 }), 9, names).names, before.names);
});

test('previous plans that do not fit are not kept, and a note says why', () => {
  const afresh = packed(system(), 9).names;
  const cases: readonly (readonly [PlanRecord, RegExp])[] = [
    [{ layers: [] }, /^the plan of layers is made afresh: .* no component layers$/],
    [{ layers: [[{ name: 'other' }], []] }, /none of the components/],
    [planRecord([...system().map((each) => [each]), []]), /more than 4 layers in use/],
  ];
  for (const [previous, why] of cases) {
    const { names, notes } = packed(system(), why.source.includes('4') ? 4 : 9, previous);
    assert.match(notes.join(), why);
    assert.deepEqual(names, why.source.includes('4') ? packed(system(), 4).names : afresh);
  }
});

const KINDS = ['package', 'package', 'package', 'package', 'kernel', 'initramfs', 'unpackaged'] as const;

function randomSystem(random: Random, count: number): readonly Component[] {
  return Array.from({ length: count }, (_, index) =>
    madeComponent(`c${index}`, {
      kind: random.pick(KINDS),
      group: `g${random.below(count)}`,
      size: random.below(2 ** random.below(28)),
      changeRate: random.below(1000) / 40,
      version: 1 + random.below(2),
    }),
  );
}

function randomRecord(random: Random, components: readonly Component[]): PlanRecord {
  const layers = Array.from({ length: random.below(12) }, () =>
    components.filter(() => random.below(8) === 0),
  );
  const record = planRecord(layers);
  return random.below(2) === 0
    ? record
    : { layers: record.layers.map((members) => members.map(({ name }) => ({ name }))) };
}

test('random systems and previous plans: every component once, in no more layers, whatever the order', () => {
  const random = new Random(11);
  for (let round = 0; round < 50; round++) {
    const given = randomSystem(random, random.below(120));
    const most = 2 + random.below(40);
    const previous = random.below(3) === 0 ? undefined : randomRecord(random, randomSystem(random, 60));
    const { names, layers, notes } = packed(given, most, previous);
    assert.ok(layers.length <= most, `${layers.length} of ${most}`);
    assert.deepEqual(
      layers
        .flat()
        .map(({ name }) => name)
        .toSorted(),
      given.map(({ name }) => name).toSorted(),
    );
    assert.deepEqual(packed(given.toReversed(), most, previous).names, names, `round ${round}`);
    const again = packed(given, most, planRecord(layers));
    const total = (all: readonly (readonly Component[])[]) =>
      all.reduce((sum, members) => sum + expectedBytes(members), 0);
    if (notes.length === 0 && again.notes.length === 0)
      assert.ok(total(again.layers) <= total(layers) + 1, `round ${round}`);
  }
});
