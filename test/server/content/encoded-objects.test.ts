import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import type { Checksum } from '../../../src/ostree/checksum.ts';
import { loosePath } from '../../../src/ostree/object-name.ts';
import { encoderId } from '../../../src/ostree/verified-filez.ts';
import { levelsOf } from '../../../src/server/content/encoded-objects.ts';
import { until } from '../../support/until.ts';
import { archiveUrl, bareFixture, tempFolder } from '../repos.ts';
import { idOf, served, text } from '../served.ts';

const MIB = 1024 * 1024;

test('without a level the first answer is uncompressed, and the cache is filled when nobody is served', async (t) => {
  const bare = bareFixture(t);
  const ids = [bare.file(text(60_000)), bare.file(text(3 * MIB)), bare.symlink('x')];
  const cacheDir = join(tempFolder(t), 'cache');
  const { origin, counters } = await served(t, await bare.open(), { cacheDir, idleMs: 20 });
  const tagged = async (id: Checksum) => {
    const answer = await fetch(origin + archiveUrl(id));
    return {
      tag: answer.headers.get('etag'),
      kept: answer.headers.get('cache-control'),
      body: Buffer.from(await answer.arrayBuffer()),
    };
  };
  const first = await Promise.all(ids.map(tagged));
  for (const [index, { tag, kept, body }] of first.entries()) {
    assert.equal(kept, 'public, max-age=60');
    assert.ok(tag?.startsWith(`"${ids[index]}-deflate0-`));
    assert.equal(idOf(body), ids[index]);
  }
  const isCached = (id: Checksum) => existsSync(join(cacheDir, encoderId(6), loosePath(id, 'filez')));
  await until(() => ids.every(isCached));
  const second = await Promise.all(ids.map(tagged));
  for (const [index, { tag, kept, body }] of second.entries()) {
    assert.equal(kept, 'public, max-age=31536000, immutable');
    assert.ok(tag?.startsWith(`"${ids[index]}-deflate6-`));
    assert.equal(idOf(body), ids[index]);
    assert.ok(body.length <= (first[index]?.body.length ?? 0));
  }
  assert.equal(counters.cached, ids.length);
  assert.ok((second[1]?.body.length ?? 0) < (first[1]?.body.length ?? 0));
});

test('a level that was given counts everywhere', () => {
  assert.deepEqual(levelsOf(9, true), { onDemand: 9, cached: 9 });
  assert.deepEqual(levelsOf(0, false), { onDemand: 0, cached: 0 });
});

test('auto answers at once where a cache is filled later, and compresses where there is none', () => {
  assert.deepEqual(levelsOf('auto', true), { onDemand: 0, cached: 6 });
  assert.deepEqual(levelsOf('auto', false), { onDemand: 1, cached: 1 });
});
