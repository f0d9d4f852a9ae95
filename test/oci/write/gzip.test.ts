import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import { crc32, gunzipSync, inflateRawSync } from 'node:zlib';
import { gzipFormat } from '../../../src/oci/write/gzip.ts';
import { CompressionThreads } from '../../../src/oci/write/threads.ts';
import { compressBytes } from '../../support/compress.ts';
import { unlessInstalled } from '../../support/programs.ts';
import { mixedBytes, run, testFolder } from '../../support/small-image.ts';

const BLOCK = gzipFormat.blockSize;
const HEADER_SIZE = 10;
const TRAILER_SIZE = 8;

test('the header is plain, with the extra flags of the level', async () => {
  for (const [level, extraFlags] of [
    [1, 4],
    [2, 0],
    [6, 0],
    [9, 2],
  ]) {
    const { bytes } = await compressBytes(Buffer.from('hello'), `gzip:${level}`);
    assert.deepEqual([...bytes.subarray(0, HEADER_SIZE)], [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, extraFlags, 255]);
  }
});

test('the bytes depend on neither the number of threads nor the pieces of the input', async () => {
  const input = mixedBytes(3 * BLOCK + 12345);
  const expected = await compressBytes(input, 'gzip', { threads: new CompressionThreads(1) });
  for (const [count, pieces] of [
    [1, 1000],
    [2, BLOCK],
    [3, BLOCK + 1],
    [5, 8 * BLOCK],
    [4, 4097],
  ] as const) {
    const { bytes } = await compressBytes(input, 'gzip', { threads: new CompressionThreads(count), pieces });
    assert.ok(bytes.equals(expected.bytes), `${count} threads, pieces of ${pieces}`);
  }
  assert.ok(gunzipSync(expected.bytes).equals(input));
});

test('lengths around the borders of blocks come back, as one member', async () => {
  const input = mixedBytes(2 * BLOCK + 1);
  for (const length of [0, 1, 32 * 1024, BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK, 2 * BLOCK + 1]) {
    const { bytes, uncompressed, compressed } = await compressBytes(input.subarray(0, length), 'gzip');
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

test('the length in the trailer is modulo 2^32', () => {
  const trailer = Buffer.from(gzipFormat.trailer({ crc32: 0xfedcba98, size: 2 ** 33 + 7 }));
  assert.equal(trailer.toString('hex'), '98badcfe07000000');
});

test('bytes that do not compress, and bytes that are all alike, come back', async () => {
  const noise = Buffer.alloc(2 * BLOCK);
  for (let at = 0; at < noise.length; at += 32) createHash('sha256').update(`${at}`).digest().copy(noise, at);
  for (const input of [noise, Buffer.alloc(2 * BLOCK)]) {
    for (const level of [1, 6, 9]) {
      const { bytes } = await compressBytes(input, `gzip:${level}`);
      assert.ok(gunzipSync(bytes).equals(input));
    }
  }
});

test('blocks lose next to nothing against one stream', async () => {
  const input = mixedBytes(4 * BLOCK);
  const blocks = (await compressBytes(input, 'gzip')).bytes.length;
  const single = gzipFormat.compress({ bytes: input, dictionary: Buffer.alloc(0), last: true }, 6).length;
  assert.ok(blocks < single * 1.005, `${blocks} and ${single}`);
});

test('gzip itself accepts the result', { skip: unlessInstalled('gzip') }, async (t) => {
  const folder = await testFolder(t);
  const input = mixedBytes(2 * BLOCK + 777);
  const path = join(folder, 'x.gz');
  await writeFile(path, (await compressBytes(input, 'gzip:9')).bytes);
  await run('gzip', ['--test', path]);
  const { stdout } = await run('gzip', ['-dc', path], { encoding: 'buffer', maxBuffer: 2 * input.length });
  assert.ok(stdout.equals(input));
});

function digest(bytes: Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}
