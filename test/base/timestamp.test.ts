import assert from 'node:assert/strict';
import test from 'node:test';
import { isoTimestamp, timestampText } from '../../src/base/timestamp.ts';

test('seconds since 1970 are a date in the years 0 to 9999', () => {
  assert.equal(isoTimestamp(872879442), '1997-08-29T18:30:42Z');
  assert.equal(isoTimestamp(-1), '1969-12-31T23:59:59Z');
  assert.equal(isoTimestamp(-62_167_219_200), '0000-01-01T00:00:00Z');
  assert.equal(isoTimestamp(253_402_300_799), '9999-12-31T23:59:59Z');
});

test('any other number is shown as it is', () => {
  for (const seconds of [-62_167_219_201, 253_402_300_800, 2 ** 53, Number.NaN]) {
    assert.equal(isoTimestamp(seconds), undefined);
    assert.equal(timestampText(seconds), `@${seconds}`);
  }
  assert.equal(timestampText(0), '1970-01-01T00:00:00Z');
});
