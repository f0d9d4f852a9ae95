import assert from 'node:assert/strict';
import test from 'node:test';
import { variant, write } from '../../src/gvariant/index.ts';
import {
  dictBoolean,
  dictString,
  dictStrings,
  dictView,
  hasKey,
  parseDict,
  serializeDict,
  stringVariant,
} from '../../src/ostree/metadata-dict.ts';
import { coded } from '../support/expect.ts';

test('order is kept and values come back', () => {
  const dict = new Map([
    ['z', stringVariant('last first')],
    ['a', variant('b', true)],
    ['list', variant('as', ['x', 'y'])],
    ['dict', variant('a{sv}', [['k', variant('t', 1n)]])],
  ]);
  const back = parseDict(serializeDict(dict));
  assert.deepEqual([...back], [...dict]);
  assert.equal(dictString(back, 'z'), 'last first');
  assert.equal(dictBoolean(back, 'a'), true);
  assert.deepEqual(dictStrings(back, 'list'), ['x', 'y']);
});

test('a value of another type is as good as absent', () => {
  const dict = new Map([['a', variant('t', 1n)]]);
  assert.equal(dictString(dict, 'a'), undefined);
  assert.equal(dictBoolean(dict, 'a'), undefined);
  assert.equal(dictStrings(dict, 'a'), undefined);
  assert.equal(dictString(dict, 'b'), undefined);
});

test('a key is found without decoding values', () => {
  const bytes = serializeDict(new Map([['a', variant('t', 1n)]]));
  assert.equal(hasKey(bytes, 'a'), true);
  assert.equal(hasKey(bytes, 'b'), false);
  assert.throws(() => hasKey(Buffer.from('nonsense'), 'a'), coded('ERR_VARIANT'));
});

test('a key that comes twice is refused', () => {
  const entries = ['a', 'b', 'a'].map((key) => [key, variant('s', key)]);
  assert.throws(() => parseDict(write('a{sv}', entries)), coded('ERR_VARIANT', 'the key "a" twice'));
});

test('only so many keys are taken', () => {
  const entries = Array.from({ length: 2 ** 16 + 1 }, (_, index) => [String(index), variant('y', 0)]);
  const bytes = write('a{sv}', entries);
  assert.throws(() => parseDict(bytes), coded('ERR_VARIANT', '65537 keys'));
});

test('values are decoded when they are looked at', () => {
  const units = Array.from({ length: 2 ** 18 + 1 }, () => []);
  const dict = parseDict(
    write('a{sv}', [
      ['few', variant('y', 1)],
      ['many', variant('a()', units)],
    ]),
  );
  assert.equal(dict.get('few')?.value, 1);
  assert.equal(dict.get('many')?.type, 'a()');
  assert.throws(() => dict.get('many')?.value, coded('ERR_VARIANT', 'values at once'));
  assert.equal(dictView(dict, 'many', 'a()')?.length, units.length);
  assert.equal(dictView(dict, 'many', 'as'), undefined);
  assert.equal(
    dictView(new Map([['x', variant('as', ['y'])]]), 'x', 'as')
      ?.child(0)
      .value(),
    'y',
  );
});
