import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { after, before } from 'node:test';
import { SavingMeter } from '../../../src/delta/maintain/saving.ts';
import { readSuperblockFile } from '../../../src/delta/static/stored-superblock.ts';
import { parseSuperblock, partPath } from '../../../src/delta/static/superblock.ts';
import { variant } from '../../../src/gvariant/index.ts';
import type { DeltaName } from '../../../src/ostree/delta-name.ts';
import { loosePath } from '../../../src/ostree/object-name.ts';
import { reachableObjects } from '../../../src/ostree/walk.ts';
import { type MaintainedRepo, putFakeDelta, writeMaintainedRepo } from '../../support/maintained-repo.ts';

let directory: string;
let made: MaintainedRepo;
before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'treeport-saving-'));
  made = await writeMaintainedRepo(join(directory, 'repo'));
});
after(() => rm(directory, { recursive: true }));

async function superblockOf(name: DeltaName) {
  await putFakeDelta(made.repo, name, 1000);
  const bytes = readSuperblockFile(made.repo, name) ?? assert.fail();
  return { superblock: parseSuperblock(bytes), size: bytes.length };
}

test('a delta is measured against the files that an archive has for the objects', async () => {
  const { repo, commits } = made;
  const [, from, to] = commits;
  const seen = new Set<string>();
  for await (const _ of reachableObjects(repo.objects, from, seen));
  let [looseBytes, looseRequests] = [0, 0];
  for await (const { type, checksum } of reachableObjects(repo.objects, to, seen)) {
    looseBytes += statSync(join(repo.path, loosePath(checksum, type === 'file' ? 'filez' : type))).size;
    looseRequests += 1;
  }
  const { superblock, size } = await superblockOf({ from, to });
  assert.equal(looseRequests, 3);
  assert.deepEqual(await new SavingMeter(repo).measure(superblock, size), {
    deltaBytes: size + 1000,
    deltaRequests: 2,
    looseBytes,
    looseRequests,
  });
});

test('fallbacks are fetched with the delta, and parts inside the superblock are not', async () => {
  const { repo, commits } = made;
  const { superblock } = await superblockOf({ from: undefined, to: commits[2] });
  const key = partPath(superblock, 0);
  const inline = { ...superblock, metadata: new Map([...superblock.metadata, [key, variant('b', true)]]) };
  const object = { type: 'file', checksum: commits[0] } as const;
  const measured = await new SavingMeter(repo).measure(
    { ...inline, fallbacks: [{ object, size: 70, usize: 99 }] },
    500,
  );
  assert.deepEqual([measured?.deltaBytes, measured?.deltaRequests], [570, 2]);
});

test('in other modes the size of a file is estimated from samples', async () => {
  const { repo, commits } = made;
  const { superblock, size } = await superblockOf({ from: undefined, to: commits[2] });
  const exact = await new SavingMeter(repo).measure(superblock, size);
  const estimated = await new SavingMeter({ ...repo, mode: 'bare' }).measure(superblock, size);
  const [one, other] = [exact?.looseBytes ?? 0, estimated?.looseBytes ?? 0];
  assert.notEqual(one, other);
  assert.ok(Math.abs(one - other) < 100, `${one} and ${other}`);
});

test('a delta between commits that are not complete has no known saving', async () => {
  const { repo, commits } = made;
  const { superblock, size } = await superblockOf({ from: undefined, to: commits[2] });
  const lost = { ...superblock, from: superblock.parts[0]?.checksum };
  assert.equal(await new SavingMeter(repo).measure(lost, size), undefined);
});
