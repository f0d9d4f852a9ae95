import assert from 'node:assert/strict';
import test from 'node:test';
import type { Component, ComponentKind } from '../../../src/container/packing/component.ts';
import {
  type PlanComponentsOptions,
  planComponents,
} from '../../../src/container/packing/plan-components.ts';
import { madeComponent } from '../../support/components.ts';
import { coded } from '../../support/expect.ts';

function component(name: string, kind: ComponentKind = 'package', size = 100): Component {
  return madeComponent(name, { kind, size, key: `${name}:amd64` });
}

function planned(components: readonly Component[], options: PlanComponentsOptions) {
  const { plan, record, notes } = planComponents(components, options);
  return { layers: plan.map(({ name, packages }) => `${name}: ${packages.join()}`), record, notes };
}

test('compatible: user components first, a reserved layer last, and a record of it', () => {
  const given = [component('a', 'package', 3), component('u', 'user'), component('b', 'package', 9)];
  const { layers, record } = planned(given, { packing: 'compatible' });
  assert.deepEqual(layers, [': ', 'u-1: u', 'b-1: b', 'a-1: a', 'Reserved for new packages: ']);
  assert.deepEqual(
    record.layers.map((members) => members.map(({ name, kind }) => `${kind} ${name}`).join()),
    ['user u:amd64', 'package b:amd64', 'package a:amd64', ''],
  );
});

test('compatible: goes on from a record, or from one made of annotations', () => {
  const before = planned([component('a'), component('b'), component('u', 'user')], { packing: 'compatible' });
  const now = [component('a'), component('c', 'package', 500), component('b'), component('u', 'user')];
  const names = {
    layers: before.record.layers.map((all) => all.map(({ name }) => ({ name: name.slice(0, 1) }))),
  };
  for (const previous of [before.record, names]) {
    const { layers, notes } = planned(now, { packing: 'compatible', previous });
    assert.deepEqual(layers, [': ', 'u-1: u', 'a-1: a', 'b-1: b', 'c-1: c']);
    assert.deepEqual(notes, []);
  }
});

test('a previous plan that does not fit is not kept, and a note says why', () => {
  const { layers, notes } = planned([component('a')], { packing: 'compatible', previous: { layers: [] } });
  assert.deepEqual(layers, [': ', 'a-1: a', 'Reserved for new packages: ']);
  assert.deepEqual(notes, ['the plan of layers is made afresh: the former image has no component layers']);
});

test('single: everything in the ostree layer', () => {
  const { plan, record } = planComponents([component('a'), component('b')], { packing: 'single' });
  assert.deepEqual([plan.length, plan[0].objects.size, record], [1, 2, { layers: [] }]);
});

test('too few layers are refused, with the least number', () => {
  const given = [component('u', 'user'), component('v', 'user')];
  assert.throws(
    () => planComponents(given, { packing: 'compatible', maxLayers: 5 }),
    coded('ERR_LAYER_PLAN', 'give at least 6'),
  );
});
