import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import test from 'node:test';
import { hasPoolSha256, PoolSha256 } from '../../../src/native/openssl/sha256.ts';

const skip = !hasPoolSha256() && 'this Node exports no OpenSSL';
const PIECES = Array.from({ length: 40 }, (_, n) => Buffer.alloc(n * n * 37, n));

function digestOf(pieces: readonly Buffer[]): string {
  return createHash('sha256').update(Buffer.concat(pieces)).digest('hex');
}

test('nothing, and pieces that do not wait for one another, in the order of the calls', {
  skip,
}, async () => {
  assert.equal(await new PoolSha256().end(), digestOf([]));
  const sha256 = new PoolSha256();
  for (const piece of PIECES) void sha256.update(piece);
  assert.equal(await sha256.end(), digestOf(PIECES));
});

test('a call resolves when its bytes may change', { skip }, async () => {
  const sha256 = new PoolSha256();
  const memory = Buffer.from(new SharedArrayBuffer(100_000));
  for (const fill of [1, 2, 3]) await sha256.update(memory.fill(fill));
  assert.equal(await sha256.end(), digestOf([1, 2, 3].map((fill) => Buffer.alloc(memory.length, fill))));
});

test('streams side by side', { skip }, async () => {
  const digests = PIECES.map(async (piece) => {
    const sha256 = new PoolSha256();
    await sha256.update(piece);
    return sha256.end();
  });
  assert.deepEqual(
    await Promise.all(digests),
    PIECES.map((piece) => digestOf([piece])),
  );
});
