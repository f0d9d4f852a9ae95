import assert from 'node:assert/strict';
import test from 'node:test';
import { swap32, swap64 } from '../../src/ostree/byte-order.ts';

test('swapping is its own inverse and stays unsigned', () => {
  for (const value of [0, 1, 0x7fffffff, 0x80000000, 0xff000000, 0xffffffff, 0x12345678]) {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32LE(value);
    assert.equal(swap32(value), bytes.readUInt32BE());
    assert.equal(swap32(swap32(value)), value);
  }
  assert.equal(swap64(1n), 0x0100000000000000n);
  for (const value of [0n, 255n, 0x8000000000000000n, 0xffffffffffffffffn])
    assert.equal(swap64(swap64(value)), value);
});
