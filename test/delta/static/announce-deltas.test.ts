import assert from 'node:assert/strict';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { afterEach, beforeEach } from 'node:test';
import { announceDeltas, signedDeltas } from '../../../src/delta/static/announce-deltas.ts';
import { variant } from '../../../src/gvariant/index.ts';
import { checksumOf } from '../../../src/ostree/checksum.ts';
import { STATIC_DELTAS_KEY } from '../../../src/ostree/delta-list.ts';
import { type DeltaName, deltaIndexPath, deltaKey, superblockPath } from '../../../src/ostree/delta-name.ts';
import { type MetadataDict, parseDict } from '../../../src/ostree/metadata-dict.ts';
import { openRepository } from '../../../src/ostree/repo/open.ts';
import { parseSummary, serializeSummary } from '../../../src/ostree/summary.ts';
import { buildSummary } from '../../../src/ostree/summary-build.ts';
import { type MaintainedRepo, putFakeDelta, writeMaintainedRepo } from '../../support/maintained-repo.ts';

let directory: string;
let made: MaintainedRepo;
let scratch: DeltaName;
let update: DeltaName;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'treeport-announce-'));
  made = await writeMaintainedRepo(join(directory, 'repo'));
  const [, second, third] = made.commits;
  scratch = { from: undefined, to: third };
  update = { from: second, to: third };
  for (const name of [scratch, update]) await putFakeDelta(made.repo, name);
});
afterEach(() => rm(directory, { recursive: true }));

const at = (path: string) => join(made.repo.path, path);
const read = (path: string) => readFileSync(at(path));

function listed(dict: MetadataDict): Readonly<Record<string, string>> {
  const entries = (dict.get(STATIC_DELTAS_KEY)?.value ?? []) as readonly [string, { value: Buffer }][];
  return Object.fromEntries(entries.map(([key, { value }]) => [key, Buffer.from(value).toString('hex')]));
}

function sums(...names: readonly DeltaName[]): Readonly<Record<string, string>> {
  return Object.fromEntries(names.map((name) => [deltaKey(name), checksumOf(read(superblockPath(name)))]));
}

/** The summary as its publisher made it, with a key of its own. */
async function publish(): Promise<void> {
  const { refs, metadata } = await buildSummary(made.repo, { deltas: [] });
  const own = new Map([...metadata, ['example.key', variant('s', 'kept')]]);
  await writeFile(at('summary'), serializeSummary({ refs, metadata: own }));
}

test('indexes and summary list the deltas, and everything else in the summary stays', async () => {
  await publish();
  const before = parseSummary(read('summary'));
  assert.equal(await announceDeltas(made.repo), 'updated');
  assert.deepEqual(listed(parseDict(read(deltaIndexPath(scratch.to)))), sums(scratch, update));
  const after = parseSummary(read('summary'));
  assert.deepEqual(listed(after.metadata), sums(scratch, update));
  assert.equal(after.metadata.get('example.key')?.value, 'kept');
  assert.equal(after.metadata.get('ostree.summary.indexed-deltas')?.value, true);
  assert.deepEqual(after.refs.map(String), before.refs.map(String));
});

test('a delta that is about to go is not listed; an index without deltas goes', async () => {
  await publish();
  await announceDeltas(made.repo);
  await announceDeltas(made.repo, new Set([deltaKey(update)]));
  assert.deepEqual(listed(parseDict(read(deltaIndexPath(scratch.to)))), sums(scratch));
  assert.deepEqual(listed(parseSummary(read('summary')).metadata), sums(scratch));
  await announceDeltas(made.repo, new Set([scratch, update].map(deltaKey)));
  assert.ok(!existsSync(at(deltaIndexPath(scratch.to))));
  assert.equal(parseSummary(read('summary')).metadata.has(STATIC_DELTAS_KEY), false);
});

test('announcing the same again writes nothing', async () => {
  await publish();
  await announceDeltas(made.repo);
  const files = ['summary', deltaIndexPath(scratch.to)];
  const inodes = () => files.map((file) => statSync(at(file)).ino);
  const before = inodes();
  assert.equal(await announceDeltas(made.repo), 'unchanged');
  assert.deepEqual(inodes(), before);
});

test('a signed summary stays as it is; the index lists the deltas', async () => {
  await publish();
  await announceDeltas(made.repo, new Set([deltaKey(update)]));
  assert.deepEqual([...signedDeltas(made.repo)], []);
  await writeFile(at('summary.sig'), 'a signature');
  const before = read('summary');
  assert.equal(await announceDeltas(made.repo), 'signed');
  assert.deepEqual(read('summary'), before);
  assert.deepEqual(listed(parseDict(read(deltaIndexPath(scratch.to)))), sums(scratch, update));
  assert.deepEqual([...signedDeltas(made.repo)], [deltaKey(scratch)]);
});

test('a summary lists no delta to a commit that is missing', async () => {
  await publish();
  const { objects } = made.repo;
  const lacking = { has: async () => false, metadata: objects.metadata, content: objects.content };
  await announceDeltas({ ...made.repo, objects: { ...lacking, list: objects.list } });
  assert.equal(parseSummary(read('summary')).metadata.has(STATIC_DELTAS_KEY), false);
});

test('a summary lists no delta if the repository says so', async () => {
  await publish();
  await writeFile(at('config'), `${read('config')}no-deltas-in-summary=true\n`);
  assert.equal(await announceDeltas(await openRepository(made.repo.path)), 'unchanged');
  assert.equal(parseSummary(read('summary')).metadata.has(STATIC_DELTAS_KEY), false);
});

test('a repository without a summary gets none', async () => {
  assert.equal(await announceDeltas(made.repo), 'none');
  assert.ok(!existsSync(at('summary')));
  assert.ok(existsSync(at(deltaIndexPath(scratch.to))));
});
