import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import test from 'node:test';
import { inflateRawSync } from 'node:zlib';
import { deflateBound, WholeDeflater } from '../../../src/native/deflate/deflate-whole.ts';
import { libdeflate } from '../../../src/native/deflate/libdeflate.ts';

const skip = libdeflate() === undefined && 'the runtime with libdeflate was not made (scripts/runtimes.ts)';

for (const level of [1, 6, 9]) {
  test(`whole streams of level ${level} fit their bound and inflate to what was given`, {
    skip,
  }, async () => {
    const deflater = new WholeDeflater(level);
    for (const size of [0, 1, 100, 5001, 300_000]) {
      const noise = randomBytes(size);
      for (const bytes of [noise, Buffer.from(noise).fill('some text ', size >> 1), Buffer.alloc(size)]) {
        const output = Buffer.alloc(deflateBound(size));
        const length = deflater.deflateHere(bytes, output);
        const here = Buffer.from(output.subarray(0, length));
        assert.ok(inflateRawSync(here).equals(bytes), `${size} bytes`);
        assert.equal(await deflater.deflateOnPool(bytes, output), length);
        assert.ok(output.subarray(0, length).equals(here));
      }
    }
  });
}

test('an output that is too small is an error', { skip }, async () => {
  const deflater = new WholeDeflater(6);
  const given = [randomBytes(1000), Buffer.alloc(900)] as const;
  assert.throws(() => deflater.deflateHere(...given), /needs more room/);
  await assert.rejects(deflater.deflateOnPool(...given), /needs more room/);
});
