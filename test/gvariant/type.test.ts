import assert from 'node:assert/strict';
import test from 'node:test';
import { isTreeportError } from '../../src/base/errors.ts';
import { align, parseType } from '../../src/gvariant/type.ts';

test('alignment and fixed size', () => {
  const cases: readonly (readonly [string, number, number | null])[] = [
    ['b', 1, 1],
    ['y', 1, 1],
    ['n', 2, 2],
    ['q', 2, 2],
    ['i', 4, 4],
    ['u', 4, 4],
    ['h', 4, 4],
    ['x', 8, 8],
    ['t', 8, 8],
    ['d', 8, 8],
    ['s', 1, null],
    ['o', 1, null],
    ['g', 1, null],
    ['v', 8, null],
    ['at', 8, null],
    ['ms', 1, null],
    ['mt', 8, null],
    ['()', 1, 1],
    ['(yt)', 8, 16],
    ['(ty)', 8, 16],
    ['(yqy)', 2, 6],
    ['(yu(qy))', 4, 12],
    ['{yu}', 4, 8],
    ['{sv}', 8, null],
    ['(a{sv}aya(say)sstayay)', 8, null],
  ];
  for (const [signature, alignment, fixedSize] of cases) {
    const type = parseType(signature);
    assert.deepEqual(
      { alignment: type.alignment, fixedSize: type.fixedSize },
      { alignment, fixedSize },
      signature,
    );
    assert.equal(type.signature, signature);
  }
});

test('what is not one complete type is ERR_VARIANT', async (t) => {
  const cases = [
    '',
    'z',
    'ss',
    'a',
    'm',
    '(',
    '(s',
    ')',
    '{',
    '{s',
    '{sv',
    '{s}',
    '{svs}',
    '{vs}',
    '{ass}',
    '}',
    'r',
    '*',
    '?',
    'a{sv}x',
    'é',
    `${'('.repeat(200)}${')'.repeat(200)}`,
  ];
  for (const signature of cases) {
    await t.test(JSON.stringify(signature.slice(0, 20)), () => {
      assert.throws(
        () => parseType(signature),
        (error) => isTreeportError(error, 'ERR_VARIANT'),
      );
    });
  }
});

test('more types than the cache holds are parsed all the same', () => {
  for (let count = 0; count < 2000; count++) {
    const signature = `(${'y'.repeat(1 + (count % 1500))})`;
    assert.equal(parseType(signature).fixedSize, 1 + (count % 1500));
  }
});

test('align rounds up', () => {
  assert.deepEqual(
    [0, 1, 7, 8, 9].map((offset) => align(offset, 8)),
    [0, 8, 8, 8, 16],
  );
});
