import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { variant } from '../../src/gvariant/index.ts';
import { swap64 } from '../../src/ostree/byte-order.ts';
import { loosePath } from '../../src/ostree/object-name.ts';
import {
  parseCollectionMap,
  parseSummary,
  refsToValue,
  serializeSummary,
  timestampVariant,
} from '../../src/ostree/summary.ts';
import { must } from '../e2e/support/run.ts';
import { tempDir } from '../e2e/support/scratch.ts';
import { repeatedChecksum, uncheckedChecksum } from '../support/checksums.ts';
import { coded } from '../support/expect.ts';
import { commitDirectory, initRepo } from '../support/ostree-repos.ts';
import { unlessInstalled } from '../support/programs.ts';

const ref = (name: string) => ({
  name,
  commit: repeatedChecksum('ab'),
  commitSize: 258,
  metadata: new Map(),
});

test('refs are sorted by bytes, sizes are little-endian, times big-endian', () => {
  const metadata = new Map([['ostree.summary.last-modified', timestampVariant(1)]]);
  const bytes = serializeSummary({ refs: [ref('b'), ref('a'), ref('\uffee'), ref('😀')], metadata });
  assert.deepEqual(parseSummary(bytes), { refs: [ref('a'), ref('b'), ref('\uffee'), ref('😀')], metadata });
  const sizeAt = bytes.indexOf(Buffer.from('0201000000000000', 'hex'));
  assert.equal(bytes.readBigUInt64LE(sizeAt), 258n);
  assert.deepEqual(timestampVariant(1), { type: 't', value: 1n << 56n });
});

test('refs of other collections', () => {
  const map = variant('a{sa(s(taya{sv}))}', [['org.example.B', refsToValue([ref('x')])]]);
  assert.deepEqual(
    parseCollectionMap(new Map([['ostree.summary.collection-map', map]])),
    new Map([['org.example.B', [ref('x')]]]),
  );
  assert.equal(parseCollectionMap(new Map()).size, 0);
  assert.equal(parseCollectionMap(new Map([['ostree.summary.collection-map', variant('s', 'x')]])).size, 0);
});

test('a malformed summary', () => {
  assert.throws(() => parseSummary(Buffer.from('<html>')), coded('ERR_VARIANT'));
  const short = { ...ref('a'), commit: uncheckedChecksum('abcd') };
  assert.throws(
    () => parseSummary(serializeSummary({ refs: [short], metadata: new Map() })),
    coded('ERR_OBJECT_CORRUPT', 'summary'),
  );
});

test('a summary written by ostree reads, and writes back to its bytes', {
  skip: unlessInstalled('ostree'),
}, async (t) => {
  const folder = await tempDir(t);
  const path = await initRepo(join(folder, 'repo'), 'archive');
  const tree = join(folder, 'tree');
  mkdirSync(tree);
  const commits: Record<string, string> = {};
  const ostree = (...words: string[]) => must(['ostree', `--repo=${path}`, ...words]);
  await ostree('config', 'set', 'core.collection-id', 'org.example.Os');
  for (const name of ['main', 'a-b', 'a/b', 'ünicode', 'v1.0']) {
    writeFileSync(join(tree, 'file'), name);
    const words = ['--add-metadata-string=version=1', '--bind-ref=other'];
    commits[name] = await commitDirectory(path, tree, { ref: name, words });
  }
  const mirrored = await commitDirectory(path, tree, { ref: 'main' });
  commits.main = mirrored;
  mkdirSync(join(path, 'refs/mirrors/org.example.Other'), { recursive: true });
  writeFileSync(join(path, 'refs/mirrors/org.example.Other/main'), `${mirrored}\n`);
  await ostree('static-delta', 'generate', '--empty', '--to=main');
  await ostree('summary', '-u', "--add-metadata=x.y='z'");

  const bytes = readFileSync(join(path, 'summary'));
  const summary = parseSummary(bytes);
  const listed = Object.fromEntries(summary.refs.map(({ name, commit }) => [name, commit]));
  // ostree makes this ref itself where there is a collection id.
  assert.deepEqual(listed, { ...commits, 'ostree-metadata': listed['ostree-metadata'] });
  for (const { name, commit, commitSize, metadata } of summary.refs) {
    assert.equal(commitSize, readFileSync(join(path, loosePath(commit, 'commit'))).length);
    if (name === 'ostree-metadata') continue;
    const timestamp = Date.UTC(2026, 0, 2, 3, 4, 5) / 1000;
    assert.deepEqual(metadata.get('ostree.commit.timestamp'), variant('t', swap64(BigInt(timestamp))));
  }
  const [other] = parseCollectionMap(summary.metadata).get('org.example.Other') ?? [];
  assert.equal(other?.commit, mirrored);
  assert.ok(summary.metadata.has('ostree.static-deltas'));
  assert.equal(serializeSummary(summary).toString('hex'), bytes.toString('hex'));
});
