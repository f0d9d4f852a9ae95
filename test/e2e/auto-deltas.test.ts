/**
 * Virtual deltas by default, as real clients get them: over a round trip of 30 ms the first two pull objects,
 * which makes the server put the parts into its cache, and the third pulls the delta. Clients that are near,
 * that are old, or that come through an HTTP proxy go on pulling objects.
 */
import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import test from 'node:test';
import { pino } from 'pino';
import { startProxy } from '../../bench/link/proxy.ts';
import { buildVirtualDeltas } from '../../src/delta/virtual/build-virtual-deltas.ts';
import { PartMaker } from '../../src/delta/virtual/part-maker.ts';
import { virtualDeltaPath } from '../../src/delta/virtual/virtual-delta.ts';
import { openRepository } from '../../src/ostree/repo/open.ts';
import { resolveRevision } from '../../src/ostree/revision.ts';
import { createServer } from '../../src/server/app.ts';
import { commitDirectory, initRepo, REF } from '../support/ostree-repos.ts';
import { unlessInstalled, unlessRoot } from '../support/programs.ts';
import { startRecordingProxy } from '../support/recording-proxy.ts';
import { until } from '../support/until.ts';
import { generations, type Ostree } from './support/delta-pairs.ts';
import { newRepo, ostreeFsck } from './support/import-repo.ts';
import { tempDir } from './support/scratch.ts';

const skip = unlessRoot() || unlessInstalled('ostree');
const timeout = 120_000;
const FAR = { bytesPerSecond: 10_000_000, delayMs: 15 };
/** An eighth of them on one connection is more than the share that counts as a pull. */
const FILES = 200;

/** An archive repository that has the superblock of its virtual delta, as an image does. */
async function writeRepo(folder: string): Promise<string> {
  const tree = join(folder, 'tree');
  await mkdir(tree);
  for (let file = 0; file < FILES; file++)
    await writeFile(join(tree, `${file}`), `file ${file}\n`.repeat(file + 1));
  const path = await initRepo(join(folder, 'repo'), 'archive');
  await commitDirectory(path, tree);
  const repo = await openRepository(path);
  const maker = new PartMaker();
  const to = await resolveRevision(repo, REF);
  for (const { profile, superblock } of await buildVirtualDeltas(repo.objects, to, {
    profiles: ['wan'],
    maker,
  })) {
    const stored = join(path, virtualDeltaPath(to, profile));
    await mkdir(dirname(stored), { recursive: true });
    await writeFile(stored, superblock);
  }
  await maker.close();
  return path;
}

test('far clients get a delta when two have pulled objects, and others never', {
  skip,
  timeout,
}, async (t) => {
  const folder = await tempDir(t);
  const repo = await openRepository(await writeRepo(folder));
  const ostrees = await generations(t, folder);
  const [old, newer] = [ostrees.get('here') as Ostree, ostrees.get('newer')];
  if (newer === undefined) return t.skip('there is no newer ostree');
  const lines: string[] = [];
  const logger = pino({ level: 'info' }, { write: (line: string) => lines.push(line) });
  const { app, counters } = await createServer({ repo, cacheDir: join(folder, 'cache'), idleMs: 0, logger });
  t.after(() => app.close());
  const near = await app.listen({ host: '127.0.0.1', port: 0 });
  const link = await startProxy(FAR, Number(new URL(near).port));
  t.after(() => link.close());
  const far = `http://127.0.0.1:${link.port}`;
  const behindProxy = await startRecordingProxy(t, far, { via: '1.1 example' });
  const served = { from: 0, clients: 0 };
  /** Pulls into a new repository; gives the requests for deltas and for objects that found something. */
  const pull = async (ostree: Ostree, origin: string) => {
    served.from = lines.length;
    const path = await newRepo(join(folder, `client-${served.clients++}`), 'bare-user');
    await ostree([`--repo=${path}`, 'remote', 'add', '--no-gpg-verify', 'origin', `${origin}/repo`]);
    await ostree([`--repo=${path}`, 'pull', 'origin', REF]);
    await ostreeFsck(path);
    const found = lines.slice(served.from).filter((line) => line.includes('"status":200'));
    const of = (folder: string) => found.filter((line) => line.includes(`"url":"/repo/${folder}/`)).length;
    return { deltas: of('deltas'), hasObjects: of('objects') > FILES };
  };
  const asObjects = { deltas: 0, hasObjects: true };

  assert.deepEqual(await pull(newer, far), asObjects);
  assert.deepEqual(await pull(old, far), asObjects);
  assert.equal(counters.madeParts, 0);
  assert.deepEqual(await pull(newer, far), asObjects);
  await until(() => lines.some((line) => line.includes('are in the cache')));
  const made = counters.madeParts;
  assert.deepEqual(await pull(newer, far), { deltas: 1 + made, hasObjects: false });
  assert.deepEqual(await pull(old, far), asObjects);
  assert.deepEqual(await pull(newer, behindProxy.origin), asObjects);
  // Last, because the address is the same: what is known of it is the least round trip.
  assert.deepEqual(await pull(newer, near), asObjects);
  assert.equal(counters.madeParts, made);
});
