import assert from 'node:assert/strict';
import { test } from 'node:test';
import { collect } from '../../src/base/bytes.ts';
import { checkRange, rangeOf } from '../../src/ostree/byte-range.ts';

async function* pieces(bytes: Buffer, length: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += length) yield bytes.subarray(at, at + length);
}

test('every range, whatever the pieces of the stream', async () => {
  const bytes = Buffer.from('0123456789');
  for (const length of [1, 3, 5, 10, 20])
    for (let from = 0; from <= bytes.length; from++)
      for (let to = from; to <= bytes.length; to++)
        assert.equal(
          String(await collect(rangeOf(pieces(bytes, length), from, to))),
          '0123456789'.slice(from, to),
        );
});

test('the stream is closed at the end of the range', async () => {
  const read: number[] = [];
  let isClosed = false;
  async function* endless() {
    try {
      for (let at = 0; ; at++) {
        read.push(at);
        yield Buffer.alloc(10);
      }
    } finally {
      isClosed = true;
    }
  }
  assert.equal((await collect(rangeOf(endless(), 15, 30))).length, 15);
  assert.deepEqual([read, isClosed], [[0, 1, 2], true]);
});

test('ranges that leave the bytes are refused', () => {
  checkRange(0, 0, 0);
  checkRange(3, 10, 10);
  for (const [from, to] of [
    [-1, 3],
    [4, 3],
    [0, 11],
    [0.5, 2],
    [Number.NaN, 2],
  ] as const)
    assert.throws(() => checkRange(from, to, 10), RangeError);
});
