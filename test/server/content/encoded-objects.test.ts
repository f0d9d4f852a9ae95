import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import type { Checksum } from '../../../src/ostree/checksum.ts';
import { loosePath } from '../../../src/ostree/object-name.ts';
import { encoderId } from '../../../src/ostree/verified-filez.ts';
import { until } from '../../support/until.ts';
import { FAST, takeLinksFor } from '../links.ts';
import { archiveUrl, bareFixture, tempFolder } from '../repos.ts';
import { idOf, served, text } from '../served.ts';

const MIB = 1024 * 1024;

test('without a level the first answer is uncompressed, and the cache is filled when nobody is served', async (t) => {
  takeLinksFor(t, FAST);
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
  assert.deepEqual(
    first.map(({ tag, kept }) => [tag, kept]),
    [
      [`"${ids[0]}-${encoderId(0)}"`, 'public, max-age=60'],
      // The bytes depend on the link.
      [null, 'public, max-age=60'],
      // All encoders give the same.
      [`"${ids[2]}-${encoderId(6)}"`, 'public, max-age=31536000, immutable'],
    ],
  );
  for (const [index, { body }] of first.entries()) assert.equal(idOf(body), ids[index]);
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

test('a level that was given makes one form, which may be kept', async (t) => {
  const bare = bareFixture(t);
  const id = bare.file(text(60_000));
  const { origin } = await served(t, await bare.open(), { deflateLevel: 1 });
  const answer = await fetch(origin + archiveUrl(id));
  assert.equal(answer.headers.get('etag'), `"${id}-${encoderId(1)}"`);
  assert.equal(answer.headers.get('cache-control'), 'public, max-age=31536000, immutable');
  assert.equal(idOf(Buffer.from(await answer.arrayBuffer())), id);
});

test('without a cache only objects that have one form may be kept', async (t) => {
  takeLinksFor(t, FAST);
  const bare = bareFixture(t);
  const ids = [bare.file(text(4000)), bare.file(text(60_000)), bare.file(text(3 * MIB))];
  const { origin } = await served(t, await bare.open());
  const heads = await Promise.all(
    ids.map(async (id) => {
      const answer = await fetch(origin + archiveUrl(id), { headers: { range: 'bytes=1-9' } });
      assert.equal(answer.status, 200);
      assert.equal(idOf(Buffer.from(await answer.arrayBuffer())), id);
      const { headers } = answer;
      return [headers.get('etag')?.slice(66), headers.get('cache-control'), headers.get('accept-ranges')];
    }),
  );
  assert.deepEqual(heads, [
    [`${encoderId(6)}"`, 'public, max-age=31536000, immutable', 'none'],
    [`${encoderId(0)}"`, 'public, max-age=60', 'none'],
    [undefined, 'public, max-age=60', 'none'],
  ]);
});
