import assert from 'node:assert/strict';
import test from 'node:test';
import { isNotModified } from '../../../src/server/http/caching.ts';

const at = Date.UTC(2026, 0, 2, 3, 4, 5, 678);
const validators = { etag: 'abc', lastModified: at };

test('entity tags are compared strongly written or weakly, one of several, or any', () => {
  for (const tags of ['"abc"', '"x", "abc"', 'W/"abc"', '*', ' "abc" ']) {
    assert.equal(isNotModified({ 'if-none-match': tags }, validators), true, tags);
  }
  for (const tags of ['"ab"', 'abc', '"x"', '']) {
    assert.equal(isNotModified({ 'if-none-match': tags }, validators), false, tags);
  }
});

test("a date counts with the zone GMT and with ostree's UTC", () => {
  for (const date of [
    'Fri, 02 Jan 2026 03:04:05 GMT',
    'Fri, 02 Jan 2026 03:04:05 UTC',
    'Sat, 03 Jan 2026 00:00:00 UTC',
  ]) {
    assert.equal(isNotModified({ 'if-modified-since': date }, validators), true, date);
  }
  for (const date of ['Fri, 02 Jan 2026 03:04:04 UTC', 'Fr, 02 Jän 2026 03:04:05 UTC', 'yesterday', '']) {
    assert.equal(isNotModified({ 'if-modified-since': date }, validators), false, date);
  }
});

test('a tag that differs wins over a date that agrees', () => {
  const headers = { 'if-none-match': '"old"', 'if-modified-since': 'Sat, 03 Jan 2026 00:00:00 GMT' };
  assert.equal(isNotModified(headers, validators), false);
});

test("without a date of one's own no date agrees", () => {
  const headers = { 'if-modified-since': 'Sat, 03 Jan 2026 00:00:00 GMT' };
  assert.equal(isNotModified(headers, { etag: 'abc', lastModified: undefined }), false);
});
