import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { listDeltas } from '../../src/ostree/delta-list.ts';
import { deltaIndexPath, deltaKey, superblockPath } from '../../src/ostree/delta-name.ts';
import { deltaFixturePath, deltaRepository } from '../support/delta-fixtures.ts';
import { unlessInstalled } from '../support/programs.ts';

const CLI = join(import.meta.dirname, '../../src/cli.ts');
const PUBLIC_KEY = 'ebVWLo/mVPlAeLES6KmLp5AfhTrmlb7X4OORC60ElmQ=';

function delta(verb: string, repo: string, ...words: readonly string[]) {
  return spawnSync(process.execPath, [CLI, 'delta', verb, '--repo', repo, ...words], { encoding: 'utf8' });
}

function staticDelta(verb: string, repo: string, ...words: readonly string[]): string {
  return spawnSync('ostree', [`--repo=${repo}`, 'static-delta', verb, ...words], { encoding: 'utf8' }).stdout;
}

const needsOstree = { skip: unlessInstalled('ostree') };

test('list names the deltas that ostree lists', needsOstree, async (t) => {
  const repo = deltaRepository(t);
  const sorted = (text: string) => text.split('\n').toSorted();
  assert.deepEqual(sorted(delta('list', repo).stdout), sorted(staticDelta('list', repo)));
  const json = JSON.parse(delta('list', repo, '--json').stdout) as readonly { superblock: string }[];
  const expected = (await listDeltas(repo)).map(({ superblock }) => superblock);
  assert.deepEqual(
    json.map(({ superblock }) => superblock),
    expected,
  );
});

test('show begins with what ostree shows, and adds the sizes by kind', needsOstree, async (t) => {
  const repo = deltaRepository(t);
  for (const { name } of await listDeltas(repo)) {
    const { stdout } = delta('show', repo, deltaKey(name));
    const shown = staticDelta('show', repo, deltaKey(name));
    assert.equal(stdout.slice(0, shown.length), shown);
    const empty = /nobjects=0/.test(shown);
    assert.match(stdout.slice(shown.length), empty ? /^$/ : /^Metadata objects: [1-9]/);
  }
  const path = deltaFixturePath('variants/scratch-inline-bigendian-signed-dummy/superblock');
  const signed = delta('show', repo, path).stdout;
  assert.match(signed, /^Signed: yes\nFrom <scratch>$/m);
  assert.match(signed, /^Endianness: big$/m);
});

test('show prints facts as JSON', (t) => {
  const repo = deltaRepository(t);
  const { stdout } = delta('show', repo, deltaFixturePath('variants/from-to-fallback'), '--json');
  const facts = JSON.parse(stdout) as Readonly<Record<string, unknown>>;
  assert.deepEqual(facts.kinds, {
    metadata: { objects: 6, size: 898, stored: 898 },
    literal: { objects: 4, size: 8800, stored: 8800 },
    copied: { objects: 2, size: 230300, stored: 3998 },
    patched: { objects: 2, size: 72264, stored: 72768 },
    symlink: { objects: 1, size: 18, stored: 18 },
  });
  assert.deepEqual([facts.endianness, facts.signed], ['little', false]);
});

test('verify says what is good, and refuses what does not fit its index', async (t) => {
  const repo = deltaRepository(t);
  const [scratch, update] = (await listDeltas(repo)).map(({ name }) => name);
  assert.ok(scratch !== undefined && update !== undefined);
  assert.equal(delta('verify', repo, deltaKey(scratch)).stdout, '15 objects in 1 part are good\n');
  const fallback = delta('verify', repo, deltaFixturePath('variants/from-to-fallback'));
  assert.equal(fallback.stdout, '15 objects in 1 part are good; 1 are fetched one by one\n');
  cpSync(
    join(deltaFixturePath('variants/from-to-inline'), 'superblock'),
    join(repo, superblockPath(update)),
    { force: true },
  );
  const other = delta('verify', repo, deltaKey(update));
  assert.match(other.stderr, /ERR_DELTA_INDEX/);
  assert.equal(other.status, 1);
  writeFileSync(join(repo, deltaIndexPath(scratch.to)), 'nonsense');
  assert.match(delta('verify', repo, deltaKey(scratch)).stderr, /ERR_DELTA_INDEX.*cannot read delta-indexes/);
});

test('verify checks signatures with the keys in a file', (t) => {
  const repo = deltaRepository(t);
  const keys = join(repo, 'keys');
  const signed = deltaFixturePath('variants/from-to-signed-ed25519-by-hand');
  writeFileSync(keys, `${PUBLIC_KEY}\n`);
  assert.match(delta('verify', repo, signed, '--keys-file', keys).stdout, /^good {2}ed25519 {2}key ebVW/);
  const unsigned = delta('verify', repo, deltaFixturePath('variants/from-to-inline'), '--keys-file', keys);
  assert.match(unsigned.stderr, /ERR_SIGNATURE_MISSING/);
  writeFileSync(keys, `A${PUBLIC_KEY.slice(1)}\n`);
  assert.match(delta('verify', repo, signed, '--keys-file', keys).stderr, /ERR_SIGNATURE_BAD.*the delta or/);
  assert.match(delta('verify', repo, signed, '--keys-file', '/nothing').stderr, /ERR_NO_KEYS/);
  const gpg = delta('verify', repo, signed, '--keys-file', keys, '--sign-type', 'gpg');
  assert.match(gpg.stderr, /ERR_USAGE/);
});

test('a delta is named by the beginnings of its commits', async (t) => {
  const repo = deltaRepository(t);
  const names = (await listDeltas(repo)).map(({ name }) => name);
  for (const name of names) {
    const { from, to } = name;
    const short = from === undefined ? to.slice(0, 8) : `${from.slice(0, 8)}-${to.slice(0, 8)}`;
    const [abbreviated, whole] = [short, deltaKey(name)].map((key) => delta('show', repo, key, '--json'));
    assert.equal(abbreviated?.status, 0, abbreviated?.stderr);
    assert.equal(abbreviated?.stdout, whole?.stdout);
  }
  assert.equal(delta('show', repo, '00000000-00000000').status, 1);
});
