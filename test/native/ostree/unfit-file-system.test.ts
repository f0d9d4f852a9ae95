import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { TreeportError } from '../../../src/base/errors.ts';
import { unlessUnfit } from '../../../src/native/ostree/unfit-file-system.ts';
import { tempDir } from '../../e2e/support/scratch.ts';
import { coded } from '../../support/expect.ts';

const FAILED = new TreeportError('ERR_LIBOSTREE', 'cannot write object x: renameat: Operation not permitted');

function failing(code: string): () => void {
  return () => {
    throw Object.assign(new Error(code), { code, errno: -1, syscall: 'link' });
  };
}

test('an error of libostree on a file system without hard links names that', async (t) => {
  const repo = await tempDir(t);
  mkdirSync(join(repo, 'tmp'));
  for (const code of ['EPERM', 'ENOTSUP', 'ENOSYS']) {
    const named = unlessUnfit(FAILED, repo, failing(code));
    assert.ok(
      coded('ERR_IO', FAILED.message, `${repo} has no hard links`, 'treeport snapshot export')(named),
    );
  }
  assert.deepEqual(readdirSync(join(repo, 'tmp')), []);
});

test('other errors, and those on other file systems, stay as they are', async (t) => {
  const repo = await tempDir(t);
  mkdirSync(join(repo, 'tmp'));
  assert.equal(unlessUnfit(FAILED, repo), FAILED);
  assert.equal(unlessUnfit(FAILED, repo, failing('EIO')), FAILED);
  const full = new TreeportError('ERR_DISK_FULL', 'full');
  assert.equal(unlessUnfit(full, repo, failing('EPERM')), full);
  assert.deepEqual(readdirSync(join(repo, 'tmp')), []);
  rmSync(join(repo, 'tmp'), { recursive: true });
  assert.equal(unlessUnfit(FAILED, repo), FAILED);
});
