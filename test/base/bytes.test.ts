import assert from 'node:assert/strict';
import test from 'node:test';
import { copyPieces, freeNow, mappedBuffer } from '../../src/base/bytes.ts';

test('freeNow frees memory of its own, and leaves what is in the pool', () => {
  const own = Buffer.allocUnsafeSlow(100_000);
  freeNow(own);
  assert.equal(own.length, 0);
  freeNow(own);
  const pooled = Buffer.from('pooled');
  freeNow(pooled);
  assert.equal(pooled.toString(), 'pooled');
  const shared = new Uint8Array(new SharedArrayBuffer(8));
  freeNow(shared);
  assert.equal(shared.length, 8);
});

test('the memory of a mapped buffer goes back to the system', () => {
  const size = 64_000_000;
  const before = process.memoryUsage.rss();
  const mapped = mappedBuffer(size);
  assert.equal(mapped.length, size);
  assert.ok(mapped.subarray(0, 1000).equals(Buffer.alloc(1000)));
  mapped.fill(1);
  const filled = process.memoryUsage.rss();
  assert.ok(filled - before > size / 2, `${filled - before} bytes more when filled`);
  freeNow(mapped);
  const freed = process.memoryUsage.rss();
  assert.ok(filled - freed > size / 2, `${filled - freed} bytes less when freed`);
  assert.equal(mapped.length, 0);
});

test('copyPieces fills memory of any kind, and refuses what does not fit', async () => {
  const pieces = async function* () {
    yield Buffer.from('one');
    yield Uint8Array.from(Buffer.from('and two'));
  };
  for (const memory of [new Uint8Array(10), new Uint8Array(new SharedArrayBuffer(20), 5, 10)]) {
    await copyPieces(pieces(), memory);
    assert.equal(Buffer.from(memory).toString(), 'oneand two');
  }
  const small = new Uint8Array(new SharedArrayBuffer(20), 0, 9);
  await assert.rejects(copyPieces(pieces(), small), RangeError);
  assert.equal(Buffer.from(small).toString(), 'one\0\0\0\0\0\0');
});
