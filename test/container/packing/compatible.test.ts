import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { gunzipSync } from 'node:zlib';
import {
  EVERY_BUILD,
  packCompatible,
  type SizedComponent,
} from '../../../src/container/packing/compatible.ts';
import { Random } from '../../gvariant/random.ts';
import { coded } from '../../support/expect.ts';

function component(identifier: string, changeFrequency: number, size: number): SizedComponent {
  return { identifier, name: identifier, changeFrequency, size };
}

const names = (bins: readonly (readonly SizedComponent[])[]) =>
  bins.map((bin) => bin.map(({ identifier }) => identifier).join());

test('the bins of ostree-ext’s own test', () => {
  const given: readonly (readonly [string, number, number])[] = [
    ['1', EVERY_BUILD, 100000],
    ['2', EVERY_BUILD, 99999],
    ['3', 30, 99998],
    ['4', 100, 99997],
    ['10', 51, 1000],
    ['8', 50, 500],
    ['9', 1, 200],
    ['11', 100000, 199],
    ['6', 30, 2],
    ['7', 30, 1],
  ];
  const packed = packCompatible(
    given.map((each) => component(...each)),
    6,
  );
  assert.deepEqual(names(packed), ['3', '4', '6,7,11', '9,8,10', '1,2', '']);
});

/** The components of a Fedora CoreOS, as ostree-ext's tests have them. */
function fedora(): readonly SizedComponent[] {
  const file = join(import.meta.dirname, '../../fixtures/fedora-coreos-contentmeta.json.gz');
  const list = JSON.parse(gunzipSync(readFileSync(file)).toString('utf8')) as readonly Record<
    string,
    never
  >[];
  return list.map(({ identifier = '', name = '', change_frequency: changeFrequency = 0, size = 0 }) => ({
    identifier,
    name,
    changeFrequency,
    size,
  }));
}

test('the 396 components of Fedora CoreOS in 64 layers', () => {
  const components = fedora();
  assert.equal(
    components.reduce((sum, { size }) => sum + size, 0),
    1_351_235_724,
  );
  const lengths = packCompatible(components, 64).map((bin) => bin.length);
  const rest = [128, 1, 2, 5, 7, 9, 9, 9, 5, 9, 9, 9, 9, 6, 9, 9, 9, 9, 9, 9, 1, 18, 14, 18, 18, 18, 2, 0];
  assert.deepEqual(lengths, [...Array.from({ length: 36 }, () => 1), ...rest]);
});

test('few components have a layer each, in order of size, and one is reserved', () => {
  const few = [component('b', 1, 5), component('small', EVERY_BUILD, 1), component('a', 1, 5)];
  assert.deepEqual(names(packCompatible(few, 4)), ['a', 'b', 'small', '']);
  assert.deepEqual(packCompatible([], 4), []);
});

test('fewer than four layers are refused', () => {
  assert.throws(() => packCompatible([], 3), coded('ERR_LAYER_PLAN', 'at least 4'));
});

test('every component is in one layer, and there are no more layers than allowed', () => {
  const random = new Random(1);
  for (let round = 0; round < 500; round++) {
    const bins = 4 + random.below(70);
    const count = random.below(300);
    const components = Array.from({ length: count }, (_, index) =>
      component(
        `c${index}`,
        random.pick([0, 1, random.below(50), EVERY_BUILD]),
        random.below(2 ** random.below(30)) + 1,
      ),
    );
    const packed = packCompatible(components, bins);
    assert.ok(packed.length <= bins, `${packed.length} of ${bins}`);
    const all = packed.flat().map(({ identifier }) => identifier);
    assert.deepEqual(all.toSorted(), components.map(({ identifier }) => identifier).toSorted());
    assert.deepEqual(names(packCompatible(components.toReversed(), bins)), names(packed));
  }
});
