import assert from 'node:assert/strict';
import test from 'node:test';
import { formatTimestamp, historyTimestamp } from '../../src/container/created.ts';

test('a timestamp is UTC with seconds', () => {
  assert.equal(formatTimestamp(872879442), '1997-08-29T18:30:42Z');
  assert.equal(formatTimestamp(0), '1970-01-01T00:00:00Z');
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
