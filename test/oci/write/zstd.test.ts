import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import { CompressionThreads } from '../../../src/oci/write/threads.ts';
import { zstdFormat } from '../../../src/oci/write/zstd.ts';
import { compressBytes } from '../../support/compress.ts';
import { unlessInstalled } from '../../support/programs.ts';
import { mixedBytes, run, testFolder } from '../../support/small-image.ts';

const BLOCK = zstdFormat.blockSize;
const FRAME_MAGIC = Buffer.from('28b52ffd', 'hex');

test('the bytes depend on neither the number of threads nor the pieces of the input', async () => {
  const input = mixedBytes(2 * BLOCK + 4321);
  const expected = await compressBytes(input, 'zstd', { threads: new CompressionThreads(1) });
  for (const [count, pieces] of [
    [2, 10_000],
    [3, 3 * BLOCK],
  ] as const) {
    const { bytes } = await compressBytes(input, 'zstd', { threads: new CompressionThreads(count), pieces });
    assert.ok(bytes.equals(expected.bytes), `${count} threads, pieces of ${pieces}`);
  }
});

test('zstd itself accepts the result', { skip: unlessInstalled('zstd') }, async (t) => {
  const folder = await testFolder(t);
  const whole = mixedBytes(2 * BLOCK + 1);
  for (const length of [0, 1, BLOCK, BLOCK + 1, whole.length]) {
    const input = whole.subarray(0, length);
    const path = join(folder, `${length}.zst`);
    const { bytes } = await compressBytes(input, 'zstd:1');
    assert.ok(bytes.subarray(0, 4).equals(FRAME_MAGIC));
    await writeFile(path, bytes);
    await run('zstd', ['--test', '--quiet', path]);
    const { stdout } = await run('zstd', ['-dc', path], { encoding: 'buffer', maxBuffer: 2 * whole.length });
    assert.ok(stdout.equals(input), `${length}`);
  }
});

test('each block is a frame that says its size and has a checksum', async () => {
  const { bytes } = await compressBytes(mixedBytes(BLOCK + 5), 'zstd');
  const descriptor = bytes[4] ?? 0;
  assert.equal((descriptor >> 2) & 1, 1, 'checksum');
  assert.ok(descriptor >> 6 !== 0 || ((descriptor >> 5) & 1) === 1, 'size');
  const second = bytes.lastIndexOf(FRAME_MAGIC);
  assert.ok(second > bytes.length - 40 && second > 0);
});
