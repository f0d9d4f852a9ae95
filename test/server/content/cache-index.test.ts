import assert from 'node:assert/strict';
import test from 'node:test';
import type { Checksum } from '../../../src/ostree/checksum.ts';
import type { CachedFile } from '../../../src/server/content/cache-files.ts';
import { CacheIndex } from '../../../src/server/content/cache-index.ts';
import { repeatedChecksum } from '../../support/checksums.ts';

const [A, B, C] = ['a', 'b', 'c'].map(repeatedChecksum) as [Checksum, Checksum, Checksum];

test('a use makes an object the youngest, and its size is the last one', () => {
  const index = new CacheIndex();
  for (const id of [A, B, C]) index.use(id, 10);
  index.use(A, 10);
  index.use(B, 30);
  assert.deepEqual(index.oldestFirst(), [C, A, B]);
  assert.equal(index.bytes, 50);
  index.forget(C);
  index.forget(C);
  assert.equal(index.bytes, 40);
  assert.deepEqual([index.has(A), index.has(C)], [true, false]);
});

test('a scan adds files by their date, forgets those that have gone, and keeps what is used meanwhile', async () => {
  const index = new CacheIndex();
  index.use(A, 10);
  async function* files(): AsyncGenerator<CachedFile> {
    yield { checksum: C, size: 7, modified: 1000 };
    index.use(B, 20);
  }
  await index.update(files());
  assert.deepEqual([...index.checksums].toSorted(), [B, C]);
  assert.equal(index.bytes, 27);
  assert.deepEqual(index.oldestFirst(), [C, B]);
});
