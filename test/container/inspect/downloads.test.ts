import assert from 'node:assert/strict';
import test from 'node:test';
import { downloadsOf } from '../../../src/container/inspect/downloads.ts';
import type { LayerInfo } from '../../../src/container/inspect/layers.ts';
import type { PlanMember } from '../../../src/container/packing/plan-record.ts';

/** A component layer whose digest is made of one letter; members are `name=content`. */
function layer(letter: string, members: readonly string[], more: Partial<LayerInfo> = {}): LayerInfo {
  const parsed = members.map((text): PlanMember => {
    const [name = '', content = ''] = text.split('=');
    return { name, kind: 'package', content };
  });
  return {
    kind: 'component',
    digest: `sha256:${letter.repeat(64)}`,
    diffId: undefined,
    mediaType: '',
    size: 7,
    components: parsed.map(({ name }) => name),
    members: parsed,
    createdBy: undefined,
    ...more,
  };
}

function reasons(before: readonly LayerInfo[], after: readonly LayerInfo[]) {
  return downloadsOf(before, after).map(({ digest, components }) => [
    digest[7],
    ...components.map(({ name, why }) => `${name} ${why}`),
  ]);
}

test('why each component of a new layer comes along', () => {
  const before = [layer('a', ['bash=1', 'zlib=1', 'tar=1']), layer('b', ['kernel=1']), layer('c', ['vim=1'])];
  const after = [
    layer('d', ['bash=2', 'zlib=1', 'tar=1', 'kernel=1', 'nano=1']),
    layer('c', ['vim=1']),
    layer('e', []),
  ];
  assert.deepEqual(reasons(before, after), [
    ['d', 'bash changed', 'zlib carried', 'tar carried', 'kernel moved', 'nano added'],
    ['e'],
  ]);
  assert.deepEqual(reasons(before, before), []);
});

test('of images with annotations only, new names are known, and what shares a layer is not', () => {
  const foreign = layer('a', ['bash=1', 'zlib=1'], { members: undefined });
  const after = [layer('b', ['bash=2', 'nano=1']), layer('b', ['bash=2', 'nano=1'])];
  assert.deepEqual(reasons([foreign], after), [['b', 'bash unknown', 'nano added']]);
});

test('layers that are not of components have none', () => {
  const after = [layer('o', [], { kind: 'ostree', members: undefined })];
  assert.deepEqual(reasons([layer('a', ['bash=1'])], after), [['o']]);
});
