import assert from 'node:assert/strict';
import { appendFileSync, renameSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { FileMemory, openObjectFile, REMEMBERED_FILE_BYTES } from '../../../src/server/http/file-memory.ts';
import { openPlainFile, type PlainFile } from '../../../src/server/http/plain-file.ts';
import { tempFolder } from '../repos.ts';

/** A file of these bytes, kept in a memory. */
function kept(t: TestContext, content: string) {
  const folder = tempFolder(t);
  const path = join(folder, 'file');
  writeFileSync(path, content);
  const file = openPlainFile(folder, 'file') as PlainFile;
  const memory = new FileMemory();
  memory.keep(path, file);
  return { folder, path, file, memory };
}

test('a small file is given again as long as it is the same', (t) => {
  const { path, file, memory } = kept(t, 'content');
  assert.equal(memory.get(path), file);
  assert.equal(memory.get(path), file);
  assert.equal(memory.get(`${path}-other`), undefined);
});

const CHANGES: Readonly<Record<string, (path: string, folder: string) => void>> = {
  'was removed': (path) => rmSync(path),
  'was appended to': (path) => appendFileSync(path, 'x'),
  'was touched': (path) => utimesSync(path, 1, 1),
  'was replaced by one of the same size and date'(path, folder) {
    writeFileSync(join(folder, 'new'), 'CONTENT');
    utimesSync(join(folder, 'new'), 1, 1);
    renameSync(join(folder, 'new'), path);
  },
  'was replaced by a link to itself'(path, folder) {
    renameSync(path, join(folder, 'moved'));
    symlinkSync('moved', path);
  },
  'was removed with its directory': (_path, folder) => rmSync(folder, { recursive: true }),
};

for (const [how, change] of Object.entries(CHANGES)) {
  test(`a file that ${how} is forgotten`, (t) => {
    const { path, folder, memory } = kept(t, 'content');
    change(path, folder);
    assert.equal(memory.get(path), undefined);
    assert.equal(memory.bytes, 0);
  });
}

test('large files are not kept', (t) => {
  const { path, memory } = kept(t, 'x'.repeat(REMEMBERED_FILE_BYTES + 1));
  assert.equal(memory.get(path), undefined);
  assert.equal(memory.bytes, 0);
});

test("an object's file is the same one again, and another when it was replaced", (t) => {
  const folder = tempFolder(t);
  writeFileSync(join(folder, 'object'), 'first');
  const first = openObjectFile(folder, 'object');
  assert.equal(openObjectFile(folder, 'object'), first);
  writeFileSync(join(folder, 'object'), 'another');
  assert.equal(String(openObjectFile(folder, 'object')?.content), 'another');
  assert.equal(openObjectFile(folder, 'missing'), undefined);
});
