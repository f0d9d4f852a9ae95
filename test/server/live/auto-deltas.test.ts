import assert from 'node:assert/strict';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { dirname, join } from 'node:path';
import { performance } from 'node:perf_hooks';
import test, { type TestContext } from 'node:test';
import { pino } from 'pino';
import { buildVirtualDeltas } from '../../../src/delta/virtual/build-virtual-deltas.ts';
import { PartMaker } from '../../../src/delta/virtual/part-maker.ts';
import { type VirtualDelta, virtualDeltaPath } from '../../../src/delta/virtual/virtual-delta.ts';
import { deltaIndexPath, superblockPath } from '../../../src/ostree/delta-name.ts';
import { loosePath } from '../../../src/ostree/object-name.ts';
import type { Answer } from '../../../src/server/http/answer.ts';
import { newCounters } from '../../../src/server/http/counters.ts';
import { openMirror } from '../../../src/server/mirror-state.ts';
import { type MirrorOptions, normaliseOptions } from '../../../src/server/options.ts';
import { writeDeltaTrees } from '../../support/delta-trees.ts';
import { testFolder } from '../../support/small-image.ts';
import { until } from '../../support/until.ts';

const NEW = 'libostree/2025.2';
const OLD = 'libostree/2022.7';
const FAR_MS = 50;
const NEAR_MS = 1;

type Client = { readonly agent?: string; readonly roundTripMs?: number; readonly headers?: object };

/** A repository with the superblock of its delta, and a server whose clock only the clients move. */
async function setup(t: TestContext, { isStored = true } = {}) {
  const folder = await testFolder(t);
  const { repo, to } = await writeDeltaTrees(join(folder, 'repo'));
  const maker = new PartMaker();
  t.after(() => maker.close());
  const built = await buildVirtualDeltas(repo.objects, to, { profiles: ['wan'], maker });
  const [delta] = built as [VirtualDelta];
  const stored = join(repo.path, virtualDeltaPath(to, 'wan'));
  mkdirSync(dirname(stored), { recursive: true });
  if (isStored) writeFileSync(stored, delta.superblock);
  const clock = { now: 0 };
  t.mock.method(performance, 'now', () => clock.now);
  const lines: string[] = [];
  const cacheDir = join(folder, 'cache');
  const logger = pino({ level: 'info' }, { write: (line: string) => lines.push(line) });

  const start = async (options: Partial<MirrorOptions> = {}) => {
    const counters = newCounters();
    const settings = normaliseOptions({ repo, cacheDir, idleMs: 0, logger, counters, ...options });
    const mirror = await openMirror(settings);
    t.after(() => mirror.close(createHttpServer()));
    const connect = ({ agent = NEW, roundTripMs = FAR_MS, headers = {} }: Client = {}) => {
      const socket = { bytesWritten: 0, remoteAddress: `${agent} ${roundTripMs}` };
      return async (path: string): Promise<Answer> => {
        clock.now += roundTripMs;
        const asked = { url: `/repo/${path}`, socket, headers: { 'user-agent': agent, ...headers } };
        return mirror.answers(asked, '/repo/');
      };
    };
    /** Gives the index that a new client gets, and pulls objects if `objects` says how many. */
    const pull = async (client: Client = {}, objects = 0): Promise<Answer> => {
      const first = connect(client);
      for (const path of ['summary.sig', 'summary', 'config']) await first(path);
      // libostree opens other connections for what follows.
      const get = connect(client);
      const index = await get(deltaIndexPath(to));
      for (let count = 0; count < objects; count++) await get(loosePath(to, 'commit'));
      return index;
    };
    return { counters, connect, pull };
  };
  return { delta, to, lines, cacheDir, start };
}

/** All of a pull's objects on one connection. */
const ALL = 1000;

for (const isStored of [true, false]) {
  test(`far clients are offered a delta that is ${isStored ? 'stored' : 'computed'} after two pulls`, async (t) => {
    const { delta, to, start, lines } = await setup(t, { isStored });
    const { counters, pull, connect } = await start();
    const all = isStored ? ALL : 16_000;
    assert.equal((await pull({}, all)).status, 404);
    assert.equal((await pull({ roundTripMs: NEAR_MS }, all)).status, 404);
    assert.equal((await pull({ agent: OLD }, all)).status, 404);
    // An update fetches few objects.
    assert.equal((await pull({}, 0)).status, 404);
    assert.equal(counters.madeParts, 0);
    assert.equal((await pull({}, all)).status, 404);
    await until(() => lines.some((line) => line.includes(isStored ? 'are in the cache' : 'is offered')));
    const index = await pull();
    assert.equal(index.status, 200);
    assert.equal(index.headers['cache-control'], 'no-store');
    const superblock = await connect()(superblockPath({ from: undefined, to }));
    assert.ok((superblock.body as Buffer).equals(delta.superblock));
    for (const client of [{ roundTripMs: NEAR_MS }, { agent: OLD }, { headers: { via: '1.1 proxy' } }])
      assert.equal((await pull(client)).status, 404, JSON.stringify(client));
    assert.equal(counters.madeParts, isStored ? delta.parts.length : 0);
    assert.equal(counters.failedParts + counters.withdrawnDeltas, 0);
  });
}

test('a restarted server finds the parts in the cache, and superblocks by themselves', async (t) => {
  const { delta, to, start, lines } = await setup(t);
  const first = await start();
  for (let count = 0; count < 2; count++) await first.pull({}, ALL);
  await until(() => lines.some((line) => line.includes('are in the cache')));
  const second = await start();
  const superblock = await second.connect({ roundTripMs: NEAR_MS })(superblockPath({ from: undefined, to }));
  assert.ok((superblock.body as Buffer).equals(delta.superblock));
  const third = await start();
  assert.equal((await third.pull()).status, 200);
  assert.equal(third.counters.madeParts, 0);
});

test('none is offered or made without a cache', async (t) => {
  const { start } = await setup(t);
  const { counters, pull } = await start({ cacheDir: undefined } as never);
  for (let count = 0; count < 4; count++) assert.equal((await pull({}, ALL)).status, 404);
  assert.equal(counters.madeParts, 0);
});

test('a cache that cannot be written costs a part, not all of them', async (t) => {
  const { start, lines, cacheDir } = await setup(t);
  const { counters, pull } = await start();
  await pull({}, ALL);
  rmSync(cacheDir, { recursive: true });
  await pull({}, ALL);
  await until(() => counters.madeParts === 1);
  // Others would be made meanwhile.
  assert.equal((await pull({}, ALL)).status, 404);
  assert.ok(lines.some((line) => line.includes('cannot write the cache directory')));
  assert.equal(counters.madeParts, 1);
});

test('none is made if the cache has no room for it', async (t) => {
  const { start, lines } = await setup(t);
  const { counters, pull } = await start({ cacheSize: 1000 });
  for (let count = 0; count < 2; count++) await pull({}, ALL);
  await until(() => lines.some((line) => line.includes('the cache has no room for the virtual delta')));
  assert.equal((await pull()).status, 404);
  assert.equal(counters.madeParts, 0);
});
