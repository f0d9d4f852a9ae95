import assert from 'node:assert/strict';
import { cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { openDeltaFile, openStoredDelta } from '../../../src/delta/static/open-delta.ts';
import { verifyDelta } from '../../../src/delta/static/verify-delta.ts';
import { listDeltas } from '../../../src/ostree/delta-list.ts';
import { type DeltaName, deltaKey, superblockPath } from '../../../src/ostree/delta-name.ts';
import { openRepository } from '../../../src/ostree/repo/open.ts';
import { repeatedChecksum } from '../../support/checksums.ts';
import {
  DELTA_FIXTURES,
  deltaFixture,
  deltaFixturePath,
  deltaRepository,
  preEndianRepository,
} from '../../support/delta-fixtures.ts';
import { deltaListing } from '../../support/delta-listing.ts';
import { coded } from '../../support/expect.ts';

test('every delta of the fixtures reads as an independent reader lists it', () => {
  for (const fixture of DELTA_FIXTURES) {
    const delta = openDeltaFile(deltaFixturePath(fixture));
    assert.equal(deltaListing(delta), deltaFixture(fixture, 'expected.txt').toString(), fixture);
  }
});

test('so do those of a repository', async (t) => {
  const repo = deltaRepository(t);
  // The expected lists are in directory order.
  const byLength = (a: string, b: string) => a.length - b.length || (a < b ? -1 : 1);
  const deltas = await listDeltas(repo);
  const listings = deltas.map(({ name }) => deltaListing(openStoredDelta(repo, name)));
  const expected = [1, 2, 3].map((n) => deltaFixture('', `repo-delta-${n}.expected.txt`).toString());
  assert.deepEqual(listings.toSorted(byLength), expected.toSorted(byLength));
});

test('a delta that is not there is missing, and so is a part', (t) => {
  const repo = deltaRepository(t);
  const to = repeatedChecksum('ab');
  assert.throws(() => openStoredDelta(repo, { from: undefined, to }), coded('ERR_DELTA_MISSING', repo, to));
  assert.throws(() => openDeltaFile(join(repo, 'nothing')), coded('ERR_DELTA_MISSING', 'nothing'));
  const folder = join(repo, 'copied');
  cpSync(deltaFixturePath('variants/scratch-parts'), folder, { recursive: true });
  rmSync(join(folder, '1'));
  const delta = openDeltaFile(join(folder, 'superblock'));
  assert.equal(delta.partFile(0).length, 25865);
  assert.throws(() => delta.partFile(1), coded('ERR_DELTA_PART', 'part 1', 'missing'));
  writeFileSync(join(folder, '0'), Buffer.alloc(30000));
  assert.throws(() => delta.partFile(0), coded('ERR_DELTA_PART', 'part 0', '25865'));
});

test('a superblock under the name of another delta is refused', async (t) => {
  const repo = deltaRepository(t);
  const [first, second] = (await listDeltas(repo)).map(({ name }) => name) as [DeltaName, DeltaName];
  cpSync(join(repo, superblockPath(first)), join(repo, superblockPath(second)), { force: true });
  assert.throws(() => openStoredDelta(repo, second), coded('ERR_DELTA_CORRUPT', deltaKey(first)));
});

test('a damaged superblock is refused, whatever byte is wrong', (t) => {
  const folder = join(deltaRepository(t), 'copied');
  mkdirSync(folder);
  const file = join(folder, 'superblock');
  const whole = deltaFixture('variants/from-to-fallback', 'superblock');
  writeFileSync(file, whole.subarray(0, -1));
  assert.throws(() => openDeltaFile(file), coded('ERR_DELTA_CORRUPT', file, 'malformed'));
  const { parsed } = openDeltaFile(deltaFixturePath('variants/from-to-fallback'));
  const changed = Buffer.from(whole);
  // The last byte of the commit's subject.
  changed[whole.indexOf(parsed.commit) + parsed.commit.length - 20] = 0x58;
  writeFileSync(file, changed);
  assert.throws(() => openDeltaFile(file), coded('ERR_DELTA_CORRUPT', 'is not commit'));
});

test('deltas from before the byte order was named are read in the right one', async (t) => {
  for (const order of ['little', 'big'] as const) {
    const repo = preEndianRepository(t, order);
    const { objects } = await openRepository(repo);
    const sizes: string[] = [];
    for (const { name } of await listDeltas(repo)) {
      const delta = openStoredDelta(repo, name);
      for (const { size, usize } of [...delta.parsed.parts, ...delta.parsed.fallbacks])
        sizes.push(`${size}/${usize}`);
      await verifyDelta(delta, objects);
    }
    assert.deepEqual(sizes, ['381/242', '593/482', '21343/21851648']);
  }
});
