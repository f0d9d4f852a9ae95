import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { afterEach, beforeEach } from 'node:test';
import { type MaintainOptions, maintainDeltas } from '../../../src/delta/maintain/maintain.ts';
import { parseDeltaPolicy } from '../../../src/delta/maintain/policy.ts';
import { detachedMetadataKey, parseSuperblock } from '../../../src/delta/static/superblock.ts';
import { variant } from '../../../src/gvariant/index.ts';
import {
  type DeltaName,
  deltaDirectory,
  deltaIndexPath,
  superblockPath,
} from '../../../src/ostree/delta-name.ts';
import { serializeDict } from '../../../src/ostree/metadata-dict.ts';
import { coded } from '../../support/expect.ts';
import {
  fakeDeltas,
  type MaintainedRepo,
  putFakeDelta,
  writeMaintainedRepo,
} from '../../support/maintained-repo.ts';

let directory: string;
let made: MaintainedRepo;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'treeport-maintain-'));
  made = await writeMaintainedRepo(join(directory, 'repo'));
});
afterEach(() => rm(directory, { recursive: true }));

const HOUR = 3_600_000;
const policyOf = (...lines: readonly string[]) =>
  parseDeltaPolicy(['[deltas]', 'grace-hours=1', '[refs "**"]', ...lines].join('\n'), 'policy');
const SCRATCH = policyOf('scratch=true');
const NOTHING = policyOf();

async function maintain(options: Partial<MaintainOptions> = {}): Promise<readonly string[]> {
  const { steps } = await maintainDeltas(made.repo, {
    policy: SCRATCH,
    make: fakeDeltas(10),
    tryLock: () => true,
    isDryRun: false,
    now: Date.now(),
    ...options,
  });
  return steps.map(({ kind }) => kind);
}

const at = (path: string) => join(made.repo.path, path);
const scratch = (): DeltaName => ({ from: undefined, to: made.commits[2] });
const filesOf = (name: DeltaName) =>
  existsSync(at(deltaDirectory(name))) ? readdirSync(at(deltaDirectory(name))).toSorted() : [];
const nothingTemporary = () => assert.deepEqual(readdirSync(at('tmp')), []);

test('a run makes what the policy lists, and the next run keeps it', async () => {
  assert.deepEqual(await maintain({ policy: policyOf('scratch=true', 'from-last=9') }), [
    'make',
    'make',
    'make',
  ]);
  const [first, second, to] = made.commits;
  for (const from of [undefined, first, second]) assert.deepEqual(filesOf({ from, to }), ['0', 'superblock']);
  assert.ok(existsSync(at(deltaIndexPath(to))));
  nothingTemporary();
  const make = () => assert.fail('made again');
  assert.deepEqual(await maintain({ policy: policyOf('scratch=true', 'from-last=9'), make }), [
    'keep',
    'keep',
    'keep',
  ]);
});

test('a dry run says what it would do and does nothing', async () => {
  const make = () => assert.fail('made');
  assert.deepEqual(await maintain({ make, isDryRun: true }), ['make']);
  assert.ok(!existsSync(at('deltas')));
});

test('a delta that saves too little is not published, and not made again', async () => {
  assert.deepEqual(await maintain({ make: fakeDeltas(10_000) }), ['decline']);
  assert.deepEqual(filesOf(scratch()), []);
  assert.deepEqual(await maintain(), ['leave']);
  const lenient = { ...SCRATCH, minimumSaving: -100 };
  assert.deepEqual(await maintain({ policy: lenient, make: fakeDeltas(10_000) }), ['make']);
  // Under the first policy again, it is dropped, and stays so.
  assert.deepEqual(await maintain(), ['drop']);
  assert.deepEqual(await maintain(), ['leave']);
  await writeFile(at('extensions/treeport/declined-deltas.json'), '{ "cut');
  assert.deepEqual(await maintain({ now: Date.now() + 2 * HOUR }), ['make']);
});

test('a delta that is not listed any more goes, and its parts a grace period later', async () => {
  await maintain();
  assert.deepEqual(await maintain({ policy: NOTHING }), ['drop']);
  assert.deepEqual(filesOf(scratch()), ['0']);
  assert.ok(!existsSync(at(deltaIndexPath(scratch().to))));
  assert.deepEqual(await maintain({ policy: NOTHING, now: Date.now() + HOUR - 60_000 }), []);
  assert.deepEqual(filesOf(scratch()), ['0']);
  await maintain({ policy: NOTHING, now: Date.now() + HOUR + 1000 });
  assert.ok(!existsSync(at(deltaDirectory(scratch()))));
});

test('parts that the superblock does not name go a grace period later', async () => {
  await maintain();
  await writeFile(at(`${deltaDirectory(scratch())}/1`), 'of a larger delta');
  await maintain();
  assert.deepEqual(filesOf(scratch()), ['0', '1', 'superblock']);
  await maintain({ now: Date.now() + HOUR + 1000 });
  assert.deepEqual(filesOf(scratch()), ['0', 'superblock']);
});

test('a part that clients may still fetch is not replaced by other bytes', async () => {
  await maintain();
  await maintain({ policy: NOTHING });
  assert.deepEqual(await maintain({ make: fakeDeltas(10, 'y') }), ['wait']);
  assert.deepEqual(filesOf(scratch()), ['0']);
  assert.equal(readFileSync(at(`${deltaDirectory(scratch())}/0`), 'utf8'), 'x'.repeat(10));
  // The same bytes are no replacement.
  assert.deepEqual(await maintain(), ['make']);
  await maintain({ policy: NOTHING });
  assert.deepEqual(await maintain({ make: fakeDeltas(10, 'y'), now: Date.now() + HOUR + 1000 }), ['make']);
  assert.equal(readFileSync(at(`${deltaDirectory(scratch())}/0`), 'utf8'), 'y'.repeat(10));
});

test('a delta whose commit was signed afterwards gets the signatures and keeps its parts', async () => {
  await maintain();
  const part = statSync(at(`${deltaDirectory(scratch())}/0`)).ino;
  const metadata = serializeDict(new Map([['example.signature', variant('s', 'signed')]]));
  await made.writer.detachedMetadata(made.commits[2], metadata);
  assert.deepEqual(await maintain({ make: () => assert.fail('made again') }), ['refresh']);
  const superblock = parseSuperblock(readFileSync(at(superblockPath(scratch()))));
  const embedded = superblock.metadata.get(detachedMetadataKey(scratch())) ?? assert.fail();
  assert.match(JSON.stringify(embedded.value), /example.signature.*signed/);
  assert.equal(statSync(at(`${deltaDirectory(scratch())}/0`)).ino, part);
  assert.deepEqual(await maintain(), ['keep']);
});

test('a damaged superblock goes, and the delta is made again', async () => {
  await maintain();
  await writeFile(at(superblockPath(scratch())), 'damaged');
  assert.deepEqual(await maintain(), ['drop']);
  assert.deepEqual(filesOf(scratch()), ['0']);
  assert.deepEqual(await maintain(), ['make']);
});

test('a run that fails leaves nothing half-made', async () => {
  const make = async (_: unknown, __: unknown, into: string) => {
    await writeFile(join(into, '0'), 'half');
    throw new Error('stopped');
  };
  await assert.rejects(maintain({ make }), /stopped/);
  assert.deepEqual(filesOf(scratch()), []);
  nothingTemporary();
  assert.deepEqual(await maintain(), ['make']);
});

test('deltas of other publishers stay where the policy has no say', async () => {
  const [first, second] = made.commits;
  await putFakeDelta(made.repo, { from: first, to: second });
  const policy = parseDeltaPolicy('[refs "other"]\nscratch=true', 'policy');
  assert.deepEqual(await maintain({ policy }), ['leave']);
  assert.deepEqual(filesOf({ from: first, to: second }), ['0', 'superblock']);
});

test('of two runs the second ends at once', async () => {
  await assert.rejects(
    maintain({ tryLock: () => false }),
    coded('ERR_DELTA_BUSY', 'another `delta maintain`'),
  );
});
