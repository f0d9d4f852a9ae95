import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import test from 'node:test';
import { inflateRawSync } from 'node:zlib';
import { MixedDeflate } from '../../src/ostree/mixed-deflate.ts';

const KIB = 1024;

/** Encodes the parts, compressing those that `isCompressed` selects. */
async function encoded(parts: readonly Buffer[], isCompressed: (index: number) => boolean) {
  const deflate = new MixedDeflate();
  const out: Buffer[] = [];
  for (const [index, part] of parts.entries()) {
    out.push(isCompressed(index) ? deflate.compress(part) : deflate.store(part));
  }
  return Buffer.concat([...out, deflate.end()]);
}

function words(size: number): Buffer {
  return Buffer.from(randomBytes(size / 2).toString('hex'));
}

test('stored and compressed parts in any order are one deflate stream', async () => {
  const parts = [words(100 * KIB), words(2), words(64 * KIB), words(30 * KIB), words(128 * KIB)];
  for (let mask = 0; mask < 2 ** parts.length; mask++) {
    const bytes = await encoded(parts, (index) => ((mask >> index) & 1) === 1);
    assert.deepEqual(inflateRawSync(bytes), Buffer.concat(parts), `mask ${mask}`);
  }
  assert.deepEqual(inflateRawSync(await encoded([], () => true)), Buffer.alloc(0));
});

test('a compressed part finds what the parts before it had', async () => {
  const part = randomBytes(30 * KIB);
  for (const first of [true, false]) {
    const bytes = await encoded([part, part], (index) => index === 1 || first);
    assert.deepEqual(inflateRawSync(bytes), Buffer.concat([part, part]));
    assert.ok(bytes.length < 31 * KIB, String(bytes.length));
  }
});

test('small parts fill the window, too', async () => {
  const part = randomBytes(8 * KIB);
  const bytes = await encoded([part, words(2 * KIB), part], () => true);
  assert.deepEqual(inflateRawSync(bytes).subarray(-part.length), part);
  assert.ok(bytes.length < 11 * KIB, String(bytes.length));
});
