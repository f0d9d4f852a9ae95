import assert from 'node:assert/strict';
import test from 'node:test';
import { encodingOf, parseDeflateLevel } from '../../../src/server/content/encoding.ts';

test('a level is auto or a digit', () => {
  assert.equal(parseDeflateLevel('0'), 0);
  assert.equal(parseDeflateLevel('9'), 9);
  assert.equal(parseDeflateLevel('auto'), 'auto');
  for (const text of ['', '10', '-1', 'fast'])
    assert.throws(() => parseDeflateLevel(text), { code: 'ERR_USAGE' });
});

test('a level that was given counts everywhere', () => {
  assert.deepEqual(encodingOf(9, true), { onDemand: 9, cached: 9 });
  assert.deepEqual(encodingOf(0, false), { onDemand: 0, cached: 0 });
});

test('auto answers at once where a cache is filled later, and compresses where there is none', () => {
  assert.deepEqual(encodingOf('auto', true), { onDemand: 0, cached: 6 });
  assert.deepEqual(encodingOf('auto', false), { onDemand: 1, cached: 1 });
});
