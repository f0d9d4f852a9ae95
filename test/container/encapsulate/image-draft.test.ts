import assert from 'node:assert/strict';
import test from 'node:test';
import { formatTimestamp, historyTimestamp } from '../../../src/container/encapsulate/image-draft.ts';
import { coded } from '../../support/expect.ts';

test('a timestamp is UTC with seconds', () => {
  assert.equal(formatTimestamp(872879442), '1997-08-29T18:30:42Z');
  assert.equal(formatTimestamp(0), '1970-01-01T00:00:00Z');
});

test('what is outside the years 0 to 9999 is no time of an image', () => {
  assert.equal(formatTimestamp(253_402_300_799), '9999-12-31T23:59:59Z');
  for (const seconds of [253_402_300_800, -62_167_219_201, 2 ** 64])
    assert.throws(() => formatTimestamp(seconds), coded('ERR_TIMESTAMP', String(seconds), '--created'));
  assert.equal(historyTimestamp('9999-12-31T23:59:59-14:00'), '1970-01-01T00:00:00Z');
});

test('history takes any RFC 3339 time, in UTC, without fractions', () => {
  assert.equal(historyTimestamp('2024-05-06T07:08:09+02:00'), '2024-05-06T05:08:09Z');
  assert.equal(historyTimestamp('2024-05-06T07:08:09.987654321Z'), '2024-05-06T07:08:09Z');
});

test('history of an image whose time is no RFC 3339 time is dated 1970', () => {
  for (const created of ['yesterday', '2024-05-06', '2024-05-06T07:08:09', '2024-13-40T00:00:00Z', '']) {
    assert.equal(historyTimestamp(created), '1970-01-01T00:00:00Z', created);
  }
});
