import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { appendFileSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import test from 'node:test';
import { swap64 } from '../../src/ostree/byte-order.ts';
import { superblockPath } from '../../src/ostree/delta-name.ts';
import { dictBoolean, dictString } from '../../src/ostree/metadata-dict.ts';
import { loosePath } from '../../src/ostree/object-name.ts';
import { openRepository } from '../../src/ostree/repo/open.ts';
import {
  parseCollectionMap,
  parseSummary,
  type Summary,
  serializeSummary,
} from '../../src/ostree/summary.ts';
import { buildSummary, withArchiveMode } from '../../src/ostree/summary-build.ts';
import { archiveFixture } from '../server/repos.ts';
import { repeatedChecksum } from '../support/checksums.ts';
import { FIXTURE_REF, updateOstreeFixture } from '../support/ostree-fixture.ts';
import { unlessInstalled } from '../support/programs.ts';

const TIMESTAMP = 872879442;

function timestamp(summary: Summary, key: string, ref?: string): bigint {
  const dict = ref === undefined ? summary.metadata : summary.refs.find(({ name }) => name === ref)?.metadata;
  return swap64(dict?.get(key)?.value as bigint);
}

test('refs come sorted, with the size, time and version of their commits', async (t) => {
  const { repo, path, commit } = await archiveFixture(t);
  writeFileSync(join(path, 'refs/heads/a'), `${commit}\n`);
  writeFileSync(join(path, 'refs/heads/\u00fc'), `${commit}\n`);
  const summary = await buildSummary(repo);
  assert.deepEqual(
    summary.refs.map(({ name }) => name),
    ['a', FIXTURE_REF, '\u00fc'],
  );
  const [first] = summary.refs;
  assert.equal(first?.commit, commit);
  assert.equal(first?.commitSize, statSync(join(path, loosePath(commit, 'commit'))).size);
  assert.equal(dictString(first.metadata, 'ostree.commit.version'), '42.0');
  assert.equal(timestamp(summary, 'ostree.commit.timestamp', 'a'), BigInt(TIMESTAMP));
  assert.equal(timestamp(summary, 'ostree.summary.last-modified'), BigInt(TIMESTAMP));
  assert.equal(dictString(summary.metadata, 'ostree.summary.mode'), 'archive-z2');
  assert.equal(dictBoolean(summary.metadata, 'ostree.summary.indexed-deltas'), true);
  assert.equal(dictBoolean(summary.metadata, 'ostree.summary.tombstone-commits'), false);
  assert.deepEqual(parseSummary(serializeSummary(summary)), summary);
});

test('equal repositories give equal bytes, and a new commit other ones', async (t) => {
  const { repo, path, commit } = await archiveFixture(t);
  const before = serializeSummary(await buildSummary(repo));
  assert.deepEqual(serializeSummary(await buildSummary(repo)), before);
  await updateOstreeFixture({ path, commit });
  const after = await buildSummary(repo);
  assert.notDeepEqual(serializeSummary(after), before);
  assert.equal(timestamp(after, 'ostree.summary.last-modified'), BigInt(TIMESTAMP + 86400));
});

test('refs to commits that are missing or corrupt are left out, and told of', async (t) => {
  const { repo, path, commit } = await archiveFixture(t);
  const missing = repeatedChecksum('f');
  writeFileSync(join(path, 'refs/heads/missing'), `${missing}\n`);
  const skipped: string[] = [];
  const summary = await buildSummary(repo, { onSkipped: (ref, id) => skipped.push(`${ref} ${id}`) });
  assert.deepEqual(
    summary.refs.map(({ name }) => name),
    [FIXTURE_REF],
  );
  assert.deepEqual(skipped, [`missing ${missing}`]);
  appendFileSync(join(path, loosePath(commit, 'commit')), 'x');
  assert.deepEqual((await buildSummary(repo)).refs, []);
});

test('deltas are listed if their commit is here, and if the config does not forbid it', async (t) => {
  const { path, commit } = await archiveFixture(t);
  for (const to of [commit, repeatedChecksum('e')]) {
    const superblock = join(path, superblockPath({ from: undefined, to }));
    mkdirSync(dirname(superblock), { recursive: true });
    writeFileSync(superblock, 'superblock');
  }
  const keys = async () => {
    const found = (await buildSummary(await openRepository(path))).metadata.get('ostree.static-deltas');
    return (found?.value as readonly (readonly [string])[] | undefined)?.map(([key]) => key);
  };
  assert.deepEqual(await keys(), [commit]);
  appendFileSync(join(path, 'config'), 'no-deltas-in-summary=true\n');
  assert.equal(await keys(), undefined);
});

test('collections', async (t) => {
  const { path, commit } = await archiveFixture(t);
  appendFileSync(join(path, 'config'), 'collection-id=org.example.Main\ntombstone-commits=true\n');
  mkdirSync(join(path, 'refs/mirrors/org.example.Other'), { recursive: true });
  writeFileSync(join(path, 'refs/mirrors/org.example.Other/main'), `${commit}\n`);
  const { metadata } = await buildSummary(await openRepository(path));
  assert.equal(dictString(metadata, 'ostree.summary.collection-id'), 'org.example.Main');
  assert.equal(dictBoolean(metadata, 'ostree.summary.tombstone-commits'), true);
  const [ref] = parseCollectionMap(metadata).get('org.example.Other') ?? [];
  assert.deepEqual([ref?.name, ref?.commit], ['main', commit]);
});

test('another mode is replaced in its place', () => {
  const written = (mode: string): Summary => ({
    refs: [],
    metadata: new Map([
      ['ostree.summary.mode', { type: 's', value: mode }],
      ['z', { type: 's', value: 'last' }],
    ]),
  });
  assert.deepEqual([...withArchiveMode(written('bare')).metadata], [...written('archive-z2').metadata]);
  const archive = written('archive-z2');
  assert.equal(withArchiveMode(archive), archive);
});

test('ostree reads it, and says what its own summary says', {
  skip: unlessInstalled('ostree'),
}, async (t) => {
  const { repo, path } = await archiveFixture(t);
  const ostree = (...words: string[]) =>
    execFileSync('ostree', [`--repo=${path}`, ...words], { encoding: 'utf8' });
  ostree('summary', '-u');
  const theirs = parseSummary(readFileSync(join(path, 'summary')));
  rmSync(join(path, 'summary'));
  const ours = await buildSummary(repo);
  const sorted = (dict: Summary['metadata']) => [...dict].toSorted(([a], [b]) => (a < b ? -1 : 1));
  assert.deepEqual(
    ours.refs.map((ref) => ({ ...ref, metadata: sorted(ref.metadata) })),
    theirs.refs.map((ref) => ({ ...ref, metadata: sorted(ref.metadata) })),
  );
  // Their time of modification is the clock's.
  const stable = (dict: Summary['metadata']) =>
    sorted(dict).filter(([key]) => !key.endsWith('last-modified'));
  assert.deepEqual(stable(ours.metadata), stable(theirs.metadata));
  writeFileSync(join(path, 'summary'), serializeSummary(ours));
  assert.match(
    ostree('summary', '-v'),
    new RegExp(`${FIXTURE_REF}.*Version.*42\\.0.*Repository Mode.*archive-z2`, 's'),
  );
});
