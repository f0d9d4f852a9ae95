import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import test from 'node:test';
import { inflateRawSync } from 'node:zlib';
import { collect } from '../../src/base/bytes.ts';
import {
  headersLength,
  storedBlocks,
  storedPart,
  storedStream,
  storeInPlace,
} from '../../src/ostree/stored-blocks.ts';

const SIZES = [0, 1, 65_534, 65_535, 65_536, 131_069, 131_070, 131_071, 400_000];

async function* cut(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

test('zlib reads stored blocks of every size; each takes five bytes more', () => {
  for (const size of SIZES) {
    const bytes = randomBytes(size);
    const stream = Buffer.concat(storedBlocks(bytes));
    assert.deepEqual(inflateRawSync(stream), bytes, String(size));
    assert.equal(stream.length, size + 5 * Math.max(1, Math.ceil(size / 65_535)));
  }
});

test('a stream gives the same bytes however it is cut', async () => {
  for (const size of SIZES) {
    const bytes = randomBytes(size);
    const expected = Buffer.concat(storedBlocks(bytes));
    for (const piece of [1 << 10, 65_535, 100_000, 1 << 20]) {
      assert.deepEqual(
        await collect(storedStream(cut(bytes, piece))),
        expected,
        `${size} in pieces of ${piece}`,
      );
    }
  }
});

test('bytes stored in place are the same, and nothing before them changes', () => {
  for (const size of SIZES) {
    for (const isLast of [true, false]) {
      const bytes = randomBytes(size);
      const before = randomBytes(7);
      const memory = Buffer.concat([before, Buffer.alloc(headersLength(size)), bytes]);
      const stored = storeInPlace(memory, memory.length - size, { isLast });
      assert.ok(stored.equals(storedPart(bytes, { isLast })), String(size));
      assert.equal(stored.buffer, memory.buffer);
      assert.deepEqual(memory.subarray(0, 7), before);
    }
  }
});
