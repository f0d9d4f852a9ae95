import assert from 'node:assert/strict';
import { closeSync, openSync } from 'node:fs';
import test from 'node:test';
import { tryLock } from '../../../src/native/libc/file-lock.ts';
import { testFolder } from '../../support/small-image.ts';

test('a file or directory stays locked until the descriptor is closed', async (t) => {
  const folder = await testFolder(t);
  const [one, two] = [openSync(folder, 'r'), openSync(folder, 'r')];
  assert.equal(tryLock(one), true);
  assert.equal(tryLock(two), false);
  closeSync(one);
  assert.equal(tryLock(two), true);
  closeSync(two);
  assert.equal(tryLock(two), false, 'no open file');
});
