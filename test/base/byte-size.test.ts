import assert from 'node:assert/strict';
import test from 'node:test';
import { parseByteSize } from '../../src/base/byte-size.ts';

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
