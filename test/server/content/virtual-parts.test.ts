import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import test from 'node:test';
import { checksumOf } from '../../../src/ostree/checksum.ts';
import { loosePath } from '../../../src/ostree/object-name.ts';
import { testFolder } from '../../support/small-image.ts';
import { until } from '../../support/until.ts';
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
