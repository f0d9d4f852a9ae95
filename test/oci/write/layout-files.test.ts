import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { digestOf } from '../../../src/oci/model/descriptor.ts';
import { blobDigest } from '../../../src/oci/write/layout-files.ts';
import { tempDir } from '../../e2e/support/scratch.ts';

test('blobs of any size are hashed whole', async (t) => {
  const folder = await tempDir(t);
  for (const size of [0, 1, 256 * 1024, 256 * 1024 + 1, 700_000]) {
    const bytes = Buffer.alloc(size, `blob of ${size} bytes`);
    writeFileSync(join(folder, 'blob'), bytes);
    assert.equal(await blobDigest(join(folder, 'blob')), digestOf(bytes), `${size}`);
  }
  assert.equal(await blobDigest(join(folder, 'none')), undefined);
  assert.equal(await blobDigest(folder), undefined);
});
