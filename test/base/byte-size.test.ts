import assert from 'node:assert/strict';
import test from 'node:test';
import { formatByteSize, parseByteSize } from '../../src/base/byte-size.ts';

test('sizes are bytes, SI units or powers of two', () => {
  for (const [text, bytes] of [
    ['0', 0],
    ['123', 123],
    ['5k', 5000],
    ['1.5G', 1_500_000_000],
    ['2GB', 2_000_000_000],
    ['512MiB', 536_870_912],
    ['1Ti', 2 ** 40],
  ] as const) {
    assert.equal(parseByteSize(text, '--cache-size'), bytes, text);
  }
});

test('anything else is ERR_USAGE, naming the option', () => {
  for (const text of ['', '-1', '5 k', 'K', '1e9', '5x', '99999999T']) {
    assert.throws(
      () => parseByteSize(text, '--cache-size'),
      { code: 'ERR_USAGE', message: /^--cache-size "/ },
      text,
    );
  }
});

test('sizes for people have the digits of g_format_size', () => {
  for (const [bytes, text] of [
    [0, '0 bytes'],
    [1, '1 byte'],
    [999, '999 bytes'],
    [1000, '1.0 kB'],
    [1050, '1.1 kB'],
    [1250, '1.2 kB'],
    [1750, '1.8 kB'],
    [999_949, '999.9 kB'],
    [999_999, '1000.0 kB'],
    [1_000_000, '1.0 MB'],
    [697_035_490, '697.0 MB'],
    [1e15, '1.0 PB'],
    [Number.MAX_SAFE_INTEGER, '9.0 PB'],
  ] as const) {
    assert.equal(formatByteSize(bytes), text);
  }
  assert.equal(formatByteSize(170_472_856, '\u00a0'), '170.5\u00a0MB');
});
