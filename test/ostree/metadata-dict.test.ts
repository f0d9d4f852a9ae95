import assert from 'node:assert/strict';
import test from 'node:test';
import { variant } from '../../src/gvariant/index.ts';
import {
  dictBoolean,
  dictString,
  dictStrings,
  parseDict,
  serializeDict,
  stringVariant,
} from '../../src/ostree/metadata-dict.ts';

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
