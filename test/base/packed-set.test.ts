import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import test from 'node:test';
import { PackedSet } from '../../src/base/packed-set.ts';

test('keys are numbered in the order in which they come, each once', () => {
  const set = new PackedSet(36);
  const keys = Array.from({ length: 5000 }, () => randomBytes(36));
  for (const [index, key] of keys.entries()) {
    assert.equal(set.has(key), false);
    assert.equal(set.add(key), index);
    assert.equal(set.add(key), index);
    assert.equal(set.has(key), true);
  }
  assert.equal(set.size, 5000);
  for (const [index, key] of keys.entries()) assert.ok(set.at(index).equals(key));
});

test('keys that differ in one byte, or are zero', () => {
  const set = new PackedSet(8);
  const keys = Array.from({ length: 8 * 256 }, (_, index) => {
    const key = Buffer.alloc(8);
    key[index >> 8] = index & 255;
    return key;
  });
  for (const key of keys) set.add(key);
  assert.equal(set.size, 8 * 255 + 1);
});

test('keys that share their first words are found as fast as others', () => {
  const set = new PackedSet(36);
  const key = Buffer.alloc(36);
  for (let index = 0; index < 300_000; index++) {
    key.writeUInt32LE(index, 28);
    set.add(key);
  }
  assert.equal(set.size, 300_000);
});
