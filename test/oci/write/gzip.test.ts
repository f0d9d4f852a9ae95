import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import { crc32, gunzipSync, inflateRawSync } from 'node:zlib';
import { deflaterVersion } from '../../../src/native/deflate/deflate.ts';
import { libdeflateFormat, zlibFormat } from '../../../src/oci/write/gzip.ts';
import { CompressionThreads } from '../../../src/oci/write/threads.ts';
import { compressBytes } from '../../support/compress.ts';
import { unlessInstalled } from '../../support/programs.ts';
import { mixedBytes, run, testFolder } from '../../support/small-image.ts';

const HEADER_SIZE = 10;
const TRAILER_SIZE = 8;

const isMissing = deflaterVersion() === undefined;

for (const format of [zlibFormat, libdeflateFormat]) {
  const { encoder, blockSize: BLOCK } = format;
  const skip = encoder === 'libdeflate' && isMissing && 'the runtime was not made (scripts/runtimes.ts)';

  test(`${encoder}: the header is plain, with the extra flags of the level`, { skip }, async () => {
    for (const [level, extraFlags] of [
      [1, 4],
      [2, 0],
      [6, 0],
      [9, 2],
    ]) {
      const { bytes } = await compressBytes(Buffer.from('hello'), `gzip:${level}`, { format });
      assert.deepEqual([...bytes.subarray(0, HEADER_SIZE)], [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, extraFlags, 255]);
    }
  });

  test(`${encoder}: the bytes depend on neither the number of threads nor the pieces of the input`, {
    skip,
  }, async () => {
    const input = mixedBytes(3 * BLOCK + 12345);
    const expected = await compressBytes(input, 'gzip', { format, threads: new CompressionThreads(1) });
    for (const [count, pieces] of [
      [1, 1000],
      [2, BLOCK],
      [3, BLOCK + 1],
      [8, 8 * BLOCK],
      [4, 4097],
    ] as const) {
      const threads = new CompressionThreads(count);
      const { bytes } = await compressBytes(input, 'gzip', { format, threads, pieces });
      assert.ok(bytes.equals(expected.bytes), `${count} threads, pieces of ${pieces}`);
    }
    assert.ok(gunzipSync(expected.bytes).equals(input));
  });

  test(`${encoder}: lengths around the borders of blocks come back, as one member`, { skip }, async () => {
    const input = mixedBytes(2 * BLOCK + 1);
    for (const length of [0, 1, 32 * 1024, BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK, 2 * BLOCK + 1]) {
      const { bytes, uncompressed, compressed } = await compressBytes(input.subarray(0, length), 'gzip', {
        format,
      });
      const deflated = bytes.subarray(HEADER_SIZE, -TRAILER_SIZE);
      // One deflate stream from the header to the trailer: there is no place for a second member.
      const raw = inflateRawSync(deflated, { info: true }) as unknown as {
        buffer: Buffer;
        engine: { bytesWritten: number };
      };
      assert.equal(raw.engine.bytesWritten, deflated.length, `${length}`);
      assert.ok(raw.buffer.equals(input.subarray(0, length)), `${length}`);
      assert.equal(bytes.readUInt32LE(bytes.length - 8), crc32(input.subarray(0, length)));
      assert.equal(bytes.readUInt32LE(bytes.length - 4), length);
      assert.deepEqual(uncompressed, { digest: digest(input.subarray(0, length)), size: length });
      assert.deepEqual(compressed, { digest: digest(bytes), size: bytes.length });
    }
  });

  test(`${encoder}: bytes that do not compress, and bytes that are all alike, come back`, {
    skip,
  }, async () => {
    const noise = Buffer.alloc(2 * BLOCK);
    for (let at = 0; at < noise.length; at += 32)
      createHash('sha256').update(`${at}`).digest().copy(noise, at);
    for (const input of [noise, Buffer.alloc(2 * BLOCK)]) {
      for (const level of [1, 6, 9]) {
        const { bytes } = await compressBytes(input, `gzip:${level}`, { format });
        assert.ok(gunzipSync(bytes).equals(input));
      }
    }
  });

  test(`${encoder}: blocks lose next to nothing against one stream of zlib`, { skip }, async () => {
    const input = mixedBytes(4 * BLOCK);
    const blocks = (await compressBytes(input, 'gzip', { format })).bytes.length;
    const output = new Uint8Array(input.length);
    const whole = { bytes: input, dictionary: Buffer.alloc(0), last: true };
    const single = zlibFormat.compress(whole, 6, output);
    assert.ok(blocks < single * 1.005, `${blocks} and ${single}`);
  });

  test(`${encoder}: gzip itself accepts the result`, {
    skip: skip || unlessInstalled('gzip'),
  }, async (t) => {
    const folder = await testFolder(t);
    const input = mixedBytes(2 * BLOCK + 777);
    const path = join(folder, 'x.gz');
    await writeFile(path, (await compressBytes(input, 'gzip:9', { format })).bytes);
    await run('gzip', ['--test', path]);
    const { stdout } = await run('gzip', ['-dc', path], { encoding: 'buffer', maxBuffer: 2 * input.length });
    assert.ok(stdout.equals(input));
  });
}

test('the length in the trailer is modulo 2^32', () => {
  const trailer = Buffer.from(zlibFormat.trailer({ crc32: 0xfedcba98, size: 2 ** 33 + 7 }));
  assert.equal(trailer.toString('hex'), '98badcfe07000000');
});

function digest(bytes: Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}
