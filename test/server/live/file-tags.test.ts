import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { closePlainFile, openPlainFile, type PlainFile } from '../../../src/server/http/plain-file.ts';
import { FileTags } from '../../../src/server/live/file-tags.ts';
import { tempFolder } from '../repos.ts';

/** Opens a file that an image gave the time 0. */
function imageFile(t: TestContext, folder: string, bytes: Buffer): PlainFile {
  writeFileSync(join(folder, 'file'), bytes);
  utimesSync(join(folder, 'file'), 0, 0);
  const file = openPlainFile(folder, 'file') as PlainFile;
  t.after(() => closePlainFile(file));
  return file;
}

test('the tag is the digest of the bytes, of small and large files', async (t) => {
  const tags = new FileTags();
  for (const size of [0, 5, 65_536, 300_000, 1_000_000]) {
    const bytes = randomBytes(size);
    const expected = createHash('sha256').update(bytes).digest('hex');
    const file = imageFile(t, tempFolder(t), bytes);
    assert.equal(await tags.of(file), expected);
    assert.equal(await tags.of(file), expected);
  }
});

test('equal size, time and place do not make equal tags', async (t) => {
  const tags = new FileTags();
  const folder = tempFolder(t);
  const seen = new Set<string>();
  for (let count = 0; count < 3; count++) {
    const file = imageFile(t, folder, randomBytes(500_000));
    seen.add(await tags.of(file));
  }
  assert.equal(seen.size, 3);
});

test('a large file is read once for all that ask at the same time', async (t) => {
  const tags = new FileTags();
  const file = imageFile(t, tempFolder(t), randomBytes(500_000));
  assert.equal(tags.of(file), tags.of(file));
  await tags.of(file);
});

test('a file that cannot be read is an error, and is tried again', async (t) => {
  const tags = new FileTags();
  const file = imageFile(t, tempFolder(t), randomBytes(500_000));
  const broken = { ...file, content: 1_000_000 };
  await assert.rejects(async () => tags.of(broken), { code: 'EBADF' });
  await new Promise(setImmediate);
  assert.match(await tags.of(file), /^[0-9a-f]{64}$/);
});

test('a tag that is known is not computed, until the file is another', async (t) => {
  const tags = new FileTags();
  const folder = tempFolder(t);
  const file = imageFile(t, folder, randomBytes(500_000));
  tags.know(file, 'known');
  assert.equal(await tags.of(file), 'known');
  const other = imageFile(t, folder, randomBytes(500_000));
  assert.match(await tags.of(other), /^[0-9a-f]{64}$/);
});
