import assert from 'node:assert/strict';
import test from 'node:test';
import { loadedModules } from '../support/loaded-modules.ts';
import { ROOT } from '../support/project.ts';

/** Each takes its time to load. */
const OF_NODE = [
  'node:buffer',
  'node:crypto',
  'node:events',
  'node:fs',
  'node:fs/promises',
  'node:path',
  'node:stream',
  'node:util',
  'node:zlib',
];

test('to read repositories no package, no foreign code and few modules of Node are loaded', async () => {
  const urls = await loadedModules('./src/library/ostree.ts', ROOT);
  const sources = urls.filter((url) => url.startsWith('file:'));
  assert.deepEqual(urls.filter((url) => !sources.includes(url)).toSorted(), OF_NODE);
  const paths = sources.map((url) => url.replace(`file://${ROOT}/`, ''));
  const others = paths.filter((path) => !/^src\/(?:base|gvariant|library|ostree)\//.test(path));
  assert.deepEqual(others, ['src/native/libc/open-repo.ts']);
});
