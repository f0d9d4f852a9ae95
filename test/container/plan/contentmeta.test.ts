import assert from 'node:assert/strict';
import { join } from 'node:path';
import test from 'node:test';
import { EVERY_BUILD } from '../../../src/container/packing/compatible.ts';
import { commitComponents } from '../../../src/container/packing/components.ts';
import {
  type MappedContent,
  type MeasuredComponents,
  parseContentmeta,
  readContentmeta,
  withMeasures,
} from '../../../src/container/plan/contentmeta.ts';
import { tempDir } from '../../e2e/support/scratch.ts';
import { repeatedChecksum } from '../../support/checksums.ts';
import { coded } from '../../support/expect.ts';
import { commitPaths, debianTree } from '../../support/package-trees.ts';

const [A, B] = [repeatedChecksum('a'), repeatedChecksum('b')];
const parse = (json: unknown) =>
  parseContentmeta(Buffer.from(typeof json === 'string' ? json : JSON.stringify(json)), 'meta.json');
const MAPPING = { version: 1, layers: { os: 'The OS', apps: 'Apps' }, mapping: { [A]: 'os', [B]: 'apps' } };

test('the schema of ostree-ext', () => {
  const parsed = parse({ ...MAPPING, created: '2026-01-01T00:00:00Z', labels: { a: 'b' }, ordered: false });
  const { layers, mapping, created, labels } = parsed as MappedContent;
  assert.deepEqual([...layers], Object.entries(MAPPING.layers));
  assert.deepEqual(
    [...mapping],
    [
      [A, 'os'],
      [B, 'apps'],
    ],
  );
  assert.deepEqual([created, labels], ['2026-01-01T00:00:00Z', { a: 'b' }]);
});

test('mappings that make no sense', () => {
  const faults: readonly (readonly [unknown, ...string[]])[] = [
    [{ ...MAPPING, version: 2 }, 'version is 2'],
    [{ ...MAPPING, ordered: true }, 'ordered'],
    [{ ...MAPPING, mapping: { [A]: 'boot' } }, A, 'layer "boot"'],
    [{ ...MAPPING, mapping: { abc: 'os' } }, '"abc" is no checksum'],
    [`{"version":1,"layers":{"os":""},"mapping":{"${A}":"os","${B}":"os", "${A}" :"os"}}`, `${A} twice`],
  ];
  for (const [json, ...words] of faults)
    assert.throws(() => parse(json), coded('ERR_CONTENTMETA', 'meta.json', ...words));
  for (const json of ['no JSON', '7', { ...MAPPING, layers: [] }, { ...MAPPING, mapping: { [A]: 7 } }, {}])
    assert.throws(
      () => parse(json),
      coded(json instanceof Object && !('version' in json) ? 'ERR_CONTENTMETA' : 'ERR_JSON', 'meta.json'),
    );
});

const component = (identifier: string, more: object = {}) => ({
  identifier,
  name: identifier.split(':')[0],
  srcid: 'x',
  change_time_offset: 1,
  change_frequency: 30,
  size: 5,
  ...more,
});

test('the schema of rpm-ostree has how often components change', async (t) => {
  const { source, commit } = await commitPaths(
    t,
    debianTree({ a: ['/usr/bin/a'], b: ['/usr/bin/b'] }, { 'usr/bin/a': 'a', 'usr/bin/b': 'b' }),
  );
  const { components } = await commitComponents(source, commit, { packing: 'compatible' });
  const file = parse([
    component('a:amd64=1'),
    component('b:amd64=1', { change_frequency: EVERY_BUILD }),
  ]) as MeasuredComponents;
  assert.equal(file.record, undefined);
  const measured = withMeasures(components, file);
  const of = (id: string) => measured.find(({ identifier }) => identifier === id);
  assert.deepEqual([of('a:amd64=1')?.changeFrequency, of('a:amd64=1')?.changeRate], [30, 30]);
  assert.equal(of('b:amd64=1')?.changeFrequency, EVERY_BUILD);
  assert.throws(
    () => withMeasures(components, parse([component('c:amd64=1')]) as MeasuredComponents),
    coded('ERR_CONTENTMETA', 'no component "c:amd64=1"'),
  );
});

test('with layers the file is the plan of a previous build', () => {
  const { record } = parse([
    component('a:amd64=1', { layer: 1, layers: 4, key: 'a:amd64', kind: 'package' }),
    component('b', { layer: 3, layers: 4 }),
    component('c', { layer: 1, layers: 4, key: 'c', kind: 'hat' }),
  ]) as MeasuredComponents;
  assert.deepEqual(record, {
    layers: [[{ name: 'a:amd64', kind: 'package' }, { name: 'c' }], [], [{ name: 'b' }], []],
  });
  for (const [json, words] of [
    [[component('a', { layer: 1, layers: 4 }), component('b')], 'not of all'],
    [[component('a', { layer: 9, layers: 8 })], 'layer 9'],
    [[component('a'), component('a')], 'lists a twice'],
  ] as const)
    assert.throws(() => parse(json), coded('ERR_CONTENTMETA', words));
  assert.throws(() => parse([component('a', { change_frequency: -1 })]), coded('ERR_JSON'));
});

test('a file that is not there', async (t) => {
  const path = join(await tempDir(t), 'missing.json');
  await assert.rejects(readContentmeta(path), coded('ERR_CONTENTMETA', path));
});
