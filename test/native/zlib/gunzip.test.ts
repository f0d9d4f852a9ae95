import assert from 'node:assert/strict';
import test from 'node:test';
import { gzipSync } from 'node:zlib';
import { CUT_OFF, Gunzip } from '../../../src/native/zlib/gunzip.ts';
import { mixedBytes } from '../../support/small-image.ts';

const BYTES = mixedBytes(100_000);

test('steps end with the input, the output or the member', async () => {
  using gunzip = Gunzip.open() as Gunzip;
  const whole = gzipSync(BYTES);
  const output = Buffer.alloc(BYTES.length + 10);
  gunzip.feed(whole.subarray(0, 1000));
  const first = await gunzip.step(output.subarray(0, 100));
  assert.deepEqual(first, { produced: 100, isEnd: false });
  const second = await gunzip.step(output.subarray(100));
  assert.equal(gunzip.inputLeft, 0);
  gunzip.feed(Buffer.concat([whole.subarray(1000), Buffer.from('rest')]));
  const last = await gunzip.step(output.subarray(100 + second.produced));
  assert.deepEqual([last.isEnd, gunzip.inputLeft], [true, 4]);
  assert.ok(output.subarray(0, BYTES.length).equals(BYTES));
});

test('errors have the words of zlib', async () => {
  using gunzip = Gunzip.open() as Gunzip;
  const output = Buffer.alloc(BYTES.length + 10);
  gunzip.feed(gzipSync(BYTES).subarray(0, 5000));
  await gunzip.step(output);
  gunzip.feed(Buffer.alloc(0));
  await assert.rejects(gunzip.step(output), { message: CUT_OFF });
  gunzip.nextMember();
  gunzip.feed(Buffer.from('no gzip at all'));
  await assert.rejects(gunzip.step(output), { message: 'incorrect header check' });
});
