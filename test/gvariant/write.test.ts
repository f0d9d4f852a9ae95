import assert from 'node:assert/strict';
import test from 'node:test';
import { isTreeportError } from '../../src/base/errors.ts';
import { type Value, variant, write } from '../../src/gvariant/index.ts';

test('values are laid out as the format says', () => {
  const cases: readonly (readonly [string, Value, string])[] = [
    ['(yt)', [1, 2n], '01000000000000000200000000000000'],
    ['(ty)', [2n, 1], '02000000000000000100000000000000'],
    ['as', ['a', 'bc'], '610062630002' + '05'],
    ['(ssu)', ['a', 'b', 7], '6100620007000000' + '0402'],
    ['a{sv}', [['a', variant('y', 1)]], '6100000000000000' + '010079' + '02' + '0c'],
    ['ay', [1, 2], '0102'],
    ['ay', new Uint8Array([1, 2]), '0102'],
    ['mms', [[]], '00'],
    ['()', [], '00'],
    ['d', Number.NaN, '000000000000f87f'],
  ];
  for (const [type, value, hex] of cases) assert.equal(write(type, value).toString('hex'), hex, type);
});

test('a value that does not fit its type is ERR_VARIANT', async (t) => {
  const cases: readonly (readonly [string, unknown])[] = [
    ['y', 256],
    ['y', -1],
    ['y', 1.5],
    ['y', Number.NaN],
    ['y', '1'],
    ['y', true],
    ['y', 1n],
    ['n', 32768],
    ['q', 65536],
    ['i', 2147483648],
    ['u', -1],
    ['u', 4294967296],
    ['h', -2147483649],
    ['x', 1],
    ['x', 1n << 63n],
    ['t', -1n],
    ['t', 1n << 64n],
    ['d', '1'],
    ['d', 1n],
    ['b', 1],
    ['s', 1],
    ['s', 'a\0b'],
    ['s', '\ud800'],
    ['o', 'a'],
    ['o', '/a/'],
    ['g', 'z'],
    ['g', 'ms'],
    ['as', 'a'],
    ['as', [1]],
    ['ay', 'a'],
    ['(ss)', ['a']],
    ['(ss)', ['a', 'b', 'c']],
    ['()', ['a']],
    ['v', 'a'],
    ['v', { type: 'y', value: 256 }],
    ['v', { type: 'z', value: 1 }],
    ['ms', 'a'],
    ['ms', ['a', 'b']],
    ['a{sv}', [['a']]],
    ['au', new Uint8Array(4)],
    ['y', {}],
  ];
  for (const [type, value] of cases) {
    await t.test(`${type} ${typeof value} ${String(value)}`, () => {
      assert.throws(
        () => write(type, value as Value),
        (error) => isTreeportError(error, 'ERR_VARIANT'),
      );
    });
  }
});

test('the result is memory of its own, of exactly its size', () => {
  const first = write('s', 'one');
  const second = write('s', 'two');
  assert.equal(first.toString(), 'one\0');
  assert.equal(second.toString(), 'two\0');
});
