import assert from 'node:assert/strict';
import test from 'node:test';
import { freeNow } from '../../src/base/bytes.ts';

test('freeNow frees memory of its own, and leaves what is in the pool', () => {
  const own = Buffer.allocUnsafeSlow(100_000);
  freeNow(own);
  assert.equal(own.length, 0);
  const pooled = Buffer.from('pooled');
  freeNow(pooled);
  assert.equal(pooled.toString(), 'pooled');
  const shared = new Uint8Array(new SharedArrayBuffer(8));
  freeNow(shared);
  assert.equal(shared.length, 8);
});
