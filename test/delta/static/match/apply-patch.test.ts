import assert from 'node:assert/strict';
import test from 'node:test';
import { applyPatch } from '../../../../src/delta/static/match/apply-patch.ts';
import { Random } from '../../../gvariant/random.ts';
import { coded } from '../../../support/expect.ts';

type Triple = {
  readonly diff?: readonly number[];
  readonly extra?: string;
  readonly seek?: bigint;
};

const SIGN = 1n << 63n;
const SOURCE = Buffer.from('0123456789abcdef0123456789abcdef0123456789abcdef');

function field(value: bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(value < 0n ? SIGN | -value : value);
  return bytes;
}

function patchOf(...triples: readonly Triple[]): Buffer {
  return Buffer.concat(
    triples.flatMap(({ diff = [], extra = '', seek = 0n }) => [
      ...[field(BigInt(diff.length)), field(BigInt(extra.length)), field(seek)],
      ...[Buffer.from(diff), Buffer.from(extra)],
    ]),
  );
}

function applied(patch: Uint8Array, size: number): string {
  const target = Buffer.alloc(size, 'x');
  applyPatch(SOURCE, patch, target);
  return target.toString('latin1');
}

test('triples add to the source, insert and move', () => {
  const patch = patchOf(
    { diff: [0, 1, 255], extra: 'NEW', seek: 4n },
    { seek: -7n, extra: '+' },
    { diff: [0, 0] },
  );
  assert.equal(applied(patch, 9), '021NEW+01');
});

test('long runs are added as short ones are', () => {
  for (const length of [31, 32, 33, 34, 35, 36, 47]) {
    const diff = Array.from({ length }, (_, index) => (index % 5 === 4 ? 200 + index : 0));
    const expected = Buffer.from(diff.map((byte, index) => byte + (SOURCE[index] as number)));
    assert.equal(applied(patchOf({ diff }), length), expected.toString('latin1'));
  }
});

test('bytes outside the source count as zeros', () => {
  const letters = [...Buffer.from('abcdef')];
  assert.equal(applied(patchOf({ seek: -3n }, { diff: [...letters.slice(0, 3), 0] }), 4), 'abc0');
  assert.equal(applied(patchOf({ seek: 46n }, { diff: [0, 0, ...letters] }), 8), 'efabcdef');
  assert.equal(applied(patchOf({ seek: -100n }, { diff: letters }), 6), 'abcdef');
  assert.equal(applied(patchOf({ seek: 100n }, { diff: letters }), 6), 'abcdef');
});

test('an empty file has an empty patch', () => {
  assert.equal(applied(Buffer.alloc(0), 0), '');
  assert.throws(() => applied(patchOf({}), 0), coded('ERR_DELTA_CORRUPT', 'goes on'));
});

test('a patch has exactly the bytes that its file needs', () => {
  const patch = patchOf({ diff: [0, 0], extra: 'ab' });
  assert.equal(applied(patch, 4), '01ab');
  for (let length = 0; length < patch.length; length++) {
    assert.throws(() => applied(patch.subarray(0, length), 4), coded('ERR_DELTA_CORRUPT', 'too early'));
  }
  assert.throws(() => applied(Buffer.concat([patch, SOURCE]), 4), coded('ERR_DELTA_CORRUPT', 'goes on'));
  assert.throws(() => applied(patch, 3), coded('ERR_DELTA_CORRUPT', 'more bytes'));
  assert.throws(() => applied(patch, 5), coded('ERR_DELTA_CORRUPT', 'too early'));
});

test('lengths and positions out of range are refused', () => {
  const rest = Buffer.alloc(100);
  for (const length of [-1n, 1n << 31n, (1n << 63n) - 1n]) {
    const asDiff = Buffer.concat([field(length), field(0n), field(0n), rest]);
    const asExtra = Buffer.concat([field(0n), field(length), field(0n), rest]);
    assert.throws(() => applied(asDiff, 50), coded('ERR_DELTA_CORRUPT', 'out of range'));
    assert.throws(() => applied(asExtra, 50), coded('ERR_DELTA_CORRUPT', 'out of range'));
  }
  const far = Array.from({ length: 3 }, () => ({ seek: (1n << 53n) - 1n }));
  assert.throws(() => applied(patchOf(...far), 1), coded('ERR_DELTA_CORRUPT', 'moves'));
});

test('random patches end in an error or in a file', () => {
  const random = new Random(11);
  const patch = patchOf({ diff: Array(20).fill(0), extra: 'some', seek: 9n }, { diff: [1, 2, 3] });
  for (let round = 0; round < 3000; round++) {
    const bytes = Buffer.from(patch);
    for (let flips = 1 + random.below(3); flips > 0; flips--)
      bytes[random.below(bytes.length)] = random.below(256);
    try {
      assert.equal(applied(bytes, 27).length, 27);
    } catch (error) {
      assert.ok(coded('ERR_DELTA_CORRUPT')(error));
    }
  }
});
