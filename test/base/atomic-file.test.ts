import assert from 'node:assert/strict';
import { readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { replaceUnchanged, writeFileAtomic } from '../../src/base/atomic-file.ts';

test('a file is replaced if it is unchanged when the new one is ready', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'treeport-atomic-'));
  t.after(() => rm(directory, { recursive: true }));
  const path = join(directory, 'summary');
  await writeFileAtomic(path, Buffer.from('one'));
  const ready = () => readdirSync(directory).filter((name) => name !== 'summary');
  const replaced = await replaceUnchanged(path, Buffer.from('two'), () => {
    const [temporary = ''] = ready();
    assert.equal(readFileSync(join(directory, temporary), 'utf8'), 'two', 'the new file is whole');
    return true;
  });
  assert.ok(replaced);
  assert.equal(readFileSync(path, 'utf8'), 'two');
  // Another program replaces it just before the rename.
  const other = await replaceUnchanged(path, Buffer.from('three'), () => {
    writeFileSync(join(directory, 'other'), 'four');
    renameSync(join(directory, 'other'), path);
    return false;
  });
  assert.ok(!other);
  assert.equal(readFileSync(path, 'utf8'), 'four');
  assert.deepEqual(ready(), []);
});
