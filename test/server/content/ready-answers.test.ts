import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { openPublishedRepo } from '../../../src/mirror/open-published.ts';
import type { Checksum } from '../../../src/ostree/checksum.ts';
import { loosePath } from '../../../src/ostree/object-name.ts';
import { CANONICAL_LEVEL, encoderId } from '../../../src/ostree/verified-filez.ts';
import { reachableObjects } from '../../../src/ostree/walk.ts';
import { type MakeMirrorOptions, makeMirror, objectAt, opened } from '../../support/mirror-root.ts';
import { unlessInstalled } from '../../support/programs.ts';
import { until } from '../../support/until.ts';
import { archiveUrl, tempFolder } from '../repos.ts';
import { idOf, served } from '../served.ts';

const skip = unlessInstalled('tar');
/** Of mirror-repos.ts: neither the three that not everyone may read, nor empty ones twice. */
const BAKED = 7;

async function bakedMirror(t: TestContext, options: MakeMirrorOptions = {}) {
  const mirror = await makeMirror(tempFolder(t), { bake: 'all', ...options });
  const files: Checksum[] = [];
  const repo = await openPublishedRepo(mirror.path);
  for await (const { type, checksum } of reachableObjects(repo.objects, mirror.source.commit)) {
    if (type === 'file') files.push(checksum);
  }
  repo.close();
  return { ...mirror, files };
}

test('baked objects are sent as a warm cache sends them: same bytes, same tag', { skip }, async (t) => {
  const { path, files } = await bakedMirror(t);
  const baked = await served(t, await opened(t, path));
  const plain = await makeMirror(tempFolder(t));
  const warm = { deflateLevel: CANONICAL_LEVEL, cacheDir: tempFolder(t) };
  const cached = await served(t, await opened(t, plain.path), warm);
  let same = 0;
  for (const id of files) {
    const url = archiveUrl(id);
    const [one, other] = [await fetch(baked.origin + url), await fetch(cached.origin + url)];
    const bytes = Buffer.from(await one.arrayBuffer());
    assert.equal(idOf(bytes), id);
    if (one.headers.get('etag') !== `"${id}-${encoderId(CANONICAL_LEVEL)}"`) continue;
    same += 1;
    assert.equal(one.headers.get('etag'), other.headers.get('etag'));
    assert.deepEqual(bytes, Buffer.from(await other.arrayBuffer()));
    assert.equal(one.headers.get('cache-control'), 'public, max-age=31536000, immutable');
    assert.equal(one.headers.get('accept-ranges'), 'bytes');
    assert.equal(Number(one.headers.get('content-length')), bytes.length);
  }
  assert.equal(same, BAKED);
  assert.equal(baked.counters.encoded, 0);
  assert.equal(baked.counters.plain, files.length);
});

test('ranges and conditions, of small objects and of large ones', { skip }, async (t) => {
  const { path, source } = await bakedMirror(t);
  const { origin } = await served(t, await opened(t, path));
  const url = origin + archiveUrl(await objectAt(source, '/usr/lib/large'));
  const whole = await fetch(url);
  const bytes = Buffer.from(await whole.arrayBuffer());
  const etag = whole.headers.get('etag') as string;
  const part = await fetch(url, { headers: { range: 'bytes=10-99', 'if-range': etag } });
  assert.equal(part.status, 206);
  assert.equal(part.headers.get('content-range'), `bytes 10-99/${bytes.length}`);
  assert.deepEqual(Buffer.from(await part.arrayBuffer()), bytes.subarray(10, 100));
  assert.equal((await fetch(url, { headers: { 'if-none-match': etag } })).status, 304);
  assert.equal((await fetch(url, { headers: { range: `bytes=${bytes.length}-` } })).status, 416);
  const head = await fetch(url, { method: 'HEAD' });
  assert.equal(head.headers.get('content-length'), String(bytes.length));
});

test('a baked object found corrupt is logged, and encoded from then on', { skip }, async (t) => {
  const { path, source } = await bakedMirror(t);
  const id = await objectAt(source, '/usr/etc/release');
  for (const name of readdirSync(join(path, 'packs')).filter((name) => name.endsWith('.pack'))) {
    const pack = join(path, 'packs', name);
    writeFileSync(pack, Buffer.alloc(readFileSync(pack).length, 7));
  }
  const { origin, errors, counters } = await served(t, await opened(t, path), { idleMs: 1 });
  const first = await fetch(origin + archiveUrl(id));
  assert.equal(first.status, 200);
  await first.arrayBuffer();
  await until(() => errors().length > 0);
  assert.match(errors()[0] as string, new RegExp(`${id}.filez`));
  const second = await fetch(origin + archiveUrl(id));
  assert.equal(idOf(Buffer.from(await second.arrayBuffer())), id);
  assert.equal(counters.encoded, 1);
});

test('with good packs nothing is logged after verification, which reads the packs', { skip }, async (t) => {
  const { path, root, source, files } = await bakedMirror(t);
  const id = await objectAt(source, '/usr/etc/release');
  writeFileSync(join(root, 'sysroot/ostree/repo', loosePath(id, 'file')), 'something else');
  const { origin, errors } = await served(t, await opened(t, path), { idleMs: 1 });
  for (const checksum of files) {
    assert.equal(
      idOf(Buffer.from(await (await fetch(origin + archiveUrl(checksum))).arrayBuffer())),
      checksum,
    );
  }
  assert.deepEqual(errors(), []);
});

test('an entry of the index that leads nowhere is a 500 with a code in the log', { skip }, async (t) => {
  const { path, files } = await bakedMirror(t);
  const index = join(path, 'packs/index');
  const bytes = readFileSync(index);
  for (let at = bytes.length - 48 * BAKED; at < bytes.length; at += 48) bytes.fill(0xff, at + 32, at + 48);
  writeFileSync(index, bytes);
  const { origin, errors } = await served(t, await opened(t, path));
  const statuses = await Promise.all(files.map(async (id) => (await fetch(origin + archiveUrl(id))).status));
  assert.equal(statuses.filter((status) => status === 500).length, BAKED);
  assert.match(errors().join(), /build the mirror image again/);
});
