import assert from 'node:assert/strict';
import { closeSync, mkdirSync, openSync, readSync, realpathSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { openPositions, UploadWatch } from '../../../src/oci/skopeo/upload-progress.ts';
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

test('blobs that are not sent are left out of the total as soon as skopeo says so', async (t) => {
  const layout = realpathSync(await testFolder(t));
  const folder = join(layout, 'blobs/sha256');
  mkdirSync(folder, { recursive: true });
  const [first, second] = ['a', 'b'].map((digit) => digit.repeat(64)) as [string, string];
  for (const [name, size] of [
    [first, 1000],
    [second, 500],
  ] as const)
    writeFileSync(join(folder, name), Buffer.alloc(size));
  const reports: (readonly [number, number])[] = [];
  const upload = new UploadWatch(layout, (done, total) => reports.push([done, total]));
  upload.look(new Map([[join(folder, second), 100]]));
  upload.read(`"Trying to reuse blob sha256:${first} at destination"`);
  upload.read(`"Skipping blob sha256:${first} (already present):"`);
  upload.look(new Map([[join(folder, second), 200]]));
  upload.look(new Map());
  upload.finish();
  assert.deepEqual(reports, [
    [100, 1500],
    [200, 500],
    [500, 500],
    [500, 500],
  ]);
});
