import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import type { Checksum } from '../../../src/ostree/checksum.ts';
import { loosePath } from '../../../src/ostree/object-name.ts';
import { CANONICAL_LEVEL, encoderId } from '../../../src/ostree/verified-filez.ts';
import { warmCache } from '../../../src/server/content/warm-cache.ts';
import { makeMirror, opened } from '../../support/mirror-root.ts';
import { unlessInstalled } from '../../support/programs.ts';
import { archiveFixture, archiveUrl, bareFixture, tempFolder } from '../repos.ts';
import { idOf, served, text } from '../served.ts';

const SIZES = [0, 1, 4097, 70_000, 1024 * 1024 + 1, 3_000_000];

async function warmed(t: TestContext) {
  const bare = bareFixture(t);
  const ids = SIZES.map((size) => bare.file(text(size)));
  const repo = await bare.open();
  const directory = tempFolder(t);
  const warm = () => warmCache(repo, { directory, onProgress: () => {} });
  const path = (id: Checksum) => join(directory, encoderId(CANONICAL_LEVEL), loosePath(id, 'filez'));
  return { bare, ids, repo, directory, warm, path, first: await warm() };
}

test('a server on a warmed cache encodes nothing', async (t) => {
  const { ids, repo, directory, first, path } = await warmed(t);
  assert.deepEqual([first.written, first.present], [SIZES.length, 0]);
  assert.equal(
    first.bytes,
    ids.reduce((sum, id) => sum + readFileSync(path(id)).length, 0),
  );
  const { origin, counters } = await served(t, repo, { cacheDir: directory });
  for (const id of ids) {
    const answer = await fetch(origin + archiveUrl(id));
    assert.equal(answer.headers.get('etag'), `"${id}-${encoderId(CANONICAL_LEVEL)}"`);
    assert.equal(idOf(Buffer.from(await answer.arrayBuffer())), id);
  }
  assert.deepEqual([counters.cached, counters.encoded], [SIZES.length, 0]);
});

test('what is there is verified: missing and corrupt files are written again', async (t) => {
  const { bare, ids, warm, path, first } = await warmed(t);
  const [, corrupt, empty] = ids as [Checksum, Checksum, Checksum];
  const good = readFileSync(path(corrupt));
  writeFileSync(path(corrupt), readFileSync(path(ids[3] as Checksum)));
  writeFileSync(path(empty), '');
  bare.file('one more');
  const second = await warm();
  assert.deepEqual([second.written, second.present], [3, SIZES.length - 2]);
  assert.ok(second.bytes > first.bytes);
  assert.deepEqual(readFileSync(path(corrupt)), good);
});

test('a corrupt object of the repository ends it, and is not in the cache', async (t) => {
  const bare = bareFixture(t);
  for (const size of [10, 2_000_000]) {
    const id = bare.file(text(size));
    writeFileSync(bare.objectPath(id), text(size));
    const warming = warmCache(await bare.open(), { directory: tempFolder(t), onProgress: () => {} });
    await assert.rejects(warming, { code: 'ERR_OBJECT_CORRUPT' });
  }
});

test('archive files and packs need no cache', { skip: unlessInstalled('tar') }, async (t) => {
  const { repo } = await archiveFixture(t);
  const options = { directory: tempFolder(t), onProgress: () => {} };
  assert.deepEqual(await warmCache(repo, options), { written: 0, present: 0, bytes: 0 });
  const { path } = await makeMirror(tempFolder(t), { bake: 'all' });
  const baked = await warmCache(await opened(t, path), { ...options, directory: tempFolder(t) });
  assert.equal(baked.written, 0);
  const plain = await makeMirror(tempFolder(t));
  assert.equal((await warmCache(await opened(t, plain.path), options)).written, 7);
});

test('a directory with other files is refused', async (t) => {
  const directory = tempFolder(t);
  writeFileSync(join(directory, 'letter'), 'dear');
  const repo = await bareFixture(t).open();
  await assert.rejects(warmCache(repo, { directory, onProgress: () => {} }), { code: 'ERR_CACHE_DIR' });
});
