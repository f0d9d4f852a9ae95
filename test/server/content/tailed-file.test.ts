import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { collect } from '../../../src/base/bytes.ts';
import { errnoOf } from '../../../src/base/errors.ts';
import { TailedFile } from '../../../src/server/content/tailed-file.ts';
import { tempFolder } from '../repos.ts';
import { tinyDisk, unlessTinyDisk } from '../tiny-disk.ts';

const PIECES = Array.from({ length: 30 }, (_, index) => Buffer.alloc(50_000, index));
const ALL = Buffer.concat(PIECES);

async function* pieces(failAt = Number.POSITIVE_INFINITY): AsyncGenerator<Buffer> {
  for (const [index, piece] of PIECES.entries()) {
    await new Promise((resolve) => setImmediate(resolve));
    if (index === failAt) throw new Error('the source has failed');
    yield piece;
  }
}

function growing(t: TestContext, source: () => AsyncGenerator<Buffer>): Promise<TailedFile> {
  return TailedFile.create(join(tempFolder(t), 'growing'), source);
}

test('readers follow the file from its first byte, whenever they come', async (t) => {
  const file = await growing(t, () => pieces());
  const early = file.join();
  const filling = file.fill();
  await once(early, 'readable');
  const middle = file.join();
  assert.deepEqual(await filling, { kind: 'complete' });
  const late = file.join();
  file.release();
  for (const bytes of await Promise.all([early, middle, late].map(collect))) assert.deepEqual(bytes, ALL);
  assert.equal(file.size, ALL.length);
  assert.deepEqual(readFileSync(file.path), ALL);
});

test('the file is written to its end when readers leave', async (t) => {
  const file = await growing(t, () => pieces());
  const leaving = file.join();
  const filling = file.fill();
  leaving.destroy();
  assert.deepEqual(await filling, { kind: 'complete' });
  file.release();
  assert.deepEqual(readFileSync(file.path), ALL);
});

test('a failure of the source reaches the readers', async (t) => {
  const file = await growing(t, () => pieces(3));
  const reader = collect(file.join());
  const outcome = await file.fill();
  file.release();
  assert.equal(outcome.kind, 'source failed');
  await assert.rejects(reader, /the source has failed/);
});

test('a full disk does not: readers go on without the file', { skip: unlessTinyDisk() }, async (t) => {
  const file = await TailedFile.create(join(tinyDisk(t), 'growing'), () => pieces());
  const readers = [file.join(), file.join()].map(collect);
  const outcome = await file.fill();
  file.release();
  assert.equal(outcome.kind === 'disk failed' && errnoOf(outcome.error), 'ENOSPC');
  for (const bytes of await Promise.all(readers)) assert.deepEqual(bytes, ALL);
});
