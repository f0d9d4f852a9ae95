import assert from 'node:assert/strict';
import { closeSync, openSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { tryShare } from '../../../src/native/libc/shared-lock.ts';
import { testFolder } from '../../support/small-image.ts';

test('a lock is shared, and needs an open file', async (t) => {
  const path = join(await testFolder(t), '.lock');
  writeFileSync(path, '');
  const [one, two] = [openSync(path, 'r+'), openSync(path, 'r+')];
  assert.equal(tryShare(one), true);
  assert.equal(tryShare(two), true);
  closeSync(one);
  closeSync(two);
  assert.equal(tryShare(two), false);
});
