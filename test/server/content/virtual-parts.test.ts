import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import test from 'node:test';
import { buildVirtualDeltas } from '../../../src/delta/virtual/build-virtual-deltas.ts';
import { PartMaker } from '../../../src/delta/virtual/part-maker.ts';
import { checksumOf } from '../../../src/ostree/checksum.ts';
import { loosePath } from '../../../src/ostree/object-name.ts';
import { openRepository } from '../../../src/ostree/repo/open.ts';
import { DiskCache } from '../../../src/server/content/disk-cache.ts';
import { GrowingPart } from '../../../src/server/content/growing-part.ts';
import { PARTS_FOLDER } from '../../../src/server/content/kept-parts.ts';
import { VirtualParts } from '../../../src/server/content/virtual-parts.ts';
import { newCounters } from '../../../src/server/http/counters.ts';
import { commitFiles } from '../../support/delta-trees.ts';
import { testFolder } from '../../support/small-image.ts';
import { settled, until } from '../../support/until.ts';
import { virtualServer } from '../../support/virtual-server.ts';

test('servers with the same cache make each part once', async (t) => {
  const cacheDir = join(await testFolder(t), 'cache');
  const { delta, start } = await virtualServer(t, 'wan', { cacheDir });
  const servers = [await start(), await start(), await start()];
  const numbers = delta.parts.keys().toArray();
  const answers = await Promise.all(servers.flatMap(({ part }) => numbers.map((number) => part(number))));
  for (const [index, { statusCode, rawPayload }] of answers.entries()) {
    const { checksum } = delta.parts[index % numbers.length] ?? {};
    assert.deepEqual([statusCode, checksumOf(rawPayload)], [200, checksum]);
  }
  assert.equal(
    servers.reduce((sum, { counters }) => sum + counters.madeParts, 0),
    numbers.length,
  );
});

test('the claim of a process that died is not waited for', async (t) => {
  const cacheDir = join(await testFolder(t), 'cache');
  const { delta, start } = await virtualServer(t, 'wan', { cacheDir });
  const { part, counters } = await start();
  const checksum = delta.parts[0]?.checksum as never;
  const claim = join(cacheDir, 'delta-parts', `${loosePath(checksum, 'filez')}.making`);
  writeFileSync(claim, '');
  utimesSync(claim, 0, 0);
  assert.equal(checksumOf((await part(0)).rawPayload), checksum);
  await until(() => !existsSync(claim));
  assert.equal(counters.madeParts, delta.parts.length);
});

test('parts are kept in the cache; a corrupt one is made again', async (t) => {
  const cacheDir = join(await testFolder(t), 'cache');
  const { delta, start } = await virtualServer(t, 'wan', { cacheDir });
  const one = await start();
  await one.part(0);
  const checksum = delta.parts[0]?.checksum as never;
  const cached = join(cacheDir, 'delta-parts', loosePath(checksum, 'filez'));
  await until(() => readdirSync(dirname(cached)).some((name) => cached.endsWith(name)));
  const two = await start();
  assert.equal(checksumOf((await two.part(0)).rawPayload), checksum);
  assert.equal(two.counters.madeParts, 0);
  const bytes = readFileSync(cached);
  bytes.writeUInt8(bytes.readUInt8(100) ^ 1, 100);
  writeFileSync(cached, bytes);
  const three = await start();
  assert.equal(checksumOf((await three.part(0)).rawPayload), checksum);
  assert.equal(three.counters.madeParts, 1);
});

test('all parts are made while a client pulls the delta, if the cache has room for them', async (t) => {
  const folder = await testFolder(t);
  const files = Object.fromEntries(
    Array.from({ length: 4 }, (_, file) => [`${file}`, Buffer.alloc(7_000_000, `${file}`)]),
  );
  const to = await commitFiles(join(folder, 'repo'), files);
  const { objects } = await openRepository(join(folder, 'repo'));
  const profile = 'lan';
  const maker = new PartMaker();
  t.after(() => maker.close());
  const [delta] = await buildVirtualDeltas(objects, to, { profiles: [profile], maker });
  assert.ok(delta !== undefined);
  const count = delta.parts.length;
  assert.ok(count > 3);
  const opened = async (name: string, maxBytes: number) => {
    const directory = join(folder, name);
    const cache = await DiskCache.open({
      directory,
      maxBytes,
      encoder: PARTS_FOLDER,
      repositories: [],
      onWriteFailure: () => {},
    });
    const counters = newCounters();
    const parts = new VirtualParts({ profile, objects, cache, counters, onFault: () => {} });
    t.after(() => parts.close());
    const first = await parts.open(delta, 0);
    if (first instanceof GrowingPart) await first.finished();
    return { parts, counters };
  };
  const { parts, counters } = await opened('large', 100_000_000);
  await until(() => parts.areReady(delta));
  assert.equal(counters.madeParts, count);
  const small = await opened('small', 15_000_000);
  await until(() => small.counters.madeParts > 0);
  await settled();
  assert.ok(small.counters.madeParts <= 2, 'the part that was asked for, and one that was made meanwhile');
  await Promise.all([parts.close(), small.parts.close()]);
});
