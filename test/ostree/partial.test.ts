import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import test from 'node:test';
import { isPartial } from '../../src/ostree/partial.ts';
import { tempDir } from '../e2e/support/scratch.ts';
import { asNobody } from '../support/as-nobody.ts';
import { repeatedChecksum } from '../support/checksums.ts';
import { coded } from '../support/expect.ts';

const COMMIT = repeatedChecksum('c');

test('a commit is partial while its mark is there', async (t) => {
  const path = await tempDir(t);
  assert.equal(isPartial({ path }, COMMIT), false);
  mkdirSync(join(path, 'state'));
  assert.equal(isPartial({ path }, COMMIT), false);
  writeFileSync(join(path, `state/${COMMIT}.commitpartial`), '');
  assert.equal(isPartial({ path }, COMMIT), true);
  renameSync(join(path, 'state'), join(path, 'other'));
  symlinkSync('other', join(path, 'state'));
  assert.throws(() => isPartial({ path }, COMMIT), coded('ERR_FILE_UNSAFE', join(path, 'state')));
});

test('where the marks cannot be read nobody knows', async (t) => {
  const path = await tempDir(t);
  for (const above of [path, dirname(path)]) chmodSync(above, 0o755);
  mkdirSync(join(path, 'state'), { mode: 0o700 });
  await asNobody(async () => {
    if (process.getuid?.() !== 0) chmodSync(join(path, 'state'), 0);
    assert.throws(() => isPartial({ path }, COMMIT), coded('ERR_IO', COMMIT, 'EACCES'));
  });
});
