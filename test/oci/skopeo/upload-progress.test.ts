import assert from 'node:assert/strict';
import { closeSync, openSync, readSync, realpathSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { openPositions } from '../../../src/oci/skopeo/upload-progress.ts';
import { testFolder } from '../../support/small-image.ts';

test('the position of an open blob is what was read of it', async (t) => {
  const path = join(realpathSync(await testFolder(t)), 'blob');
  writeFileSync(path, Buffer.alloc(1000));
  const blobs = new Map([[path, 1000]]);
  const descriptor = openSync(path, 'r');
  readSync(descriptor, Buffer.alloc(300));
  assert.deepEqual([...openPositions(process.pid, blobs)], [[path, 300]]);
  closeSync(descriptor);
  assert.deepEqual([...openPositions(process.pid, blobs)], []);
});
