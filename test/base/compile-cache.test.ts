import assert from 'node:assert/strict';
import { chmodSync, chownSync, existsSync, mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { compileCacheDirectory } from '../../src/base/compile-cache.ts';

function home(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'treeport-home-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

test('it is created in the user’s cache directory, for the user alone', (t) => {
  const cacheHome = join(home(t), '.cache');
  const directory = compileCacheDirectory(cacheHome);
  assert.equal(directory, join(cacheHome, 'treeport'));
  assert.equal(statSync(join(cacheHome, 'treeport')).mode & 0o777, 0o700);
  assert.equal(compileCacheDirectory(cacheHome), directory);
});

test('it is not used where others may write', (t) => {
  for (const mode of [0o777, 0o1777, 0o775]) {
    const cacheHome = home(t);
    chmodSync(cacheHome, mode);
    assert.equal(compileCacheDirectory(cacheHome), undefined, mode.toString(8));
    assert.equal(compileCacheDirectory(join(cacheHome, '.cache')), undefined);
    assert.ok(!existsSync(join(cacheHome, '.cache')));
  }
  const cacheHome = home(t);
  mkdirSync(join(cacheHome, 'treeport'));
  chmodSync(join(cacheHome, 'treeport'), 0o777);
  assert.equal(compileCacheDirectory(cacheHome), undefined);
});

const notRoot = process.geteuid?.() === 0 ? false : 'needs root';

test('it is not used in the home of another user', { skip: notRoot }, (t) => {
  const cacheHome = home(t);
  chownSync(cacheHome, 12345, 12345);
  assert.equal(compileCacheDirectory(cacheHome), undefined);
  assert.equal(compileCacheDirectory(join(cacheHome, '.cache')), undefined);
  assert.ok(!existsSync(join(cacheHome, '.cache')));
});

test('a home that does not exist is no fault', () => {
  assert.equal(compileCacheDirectory('/nonexistent/.cache'), undefined);
});
