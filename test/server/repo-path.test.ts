import assert from 'node:assert/strict';
import test from 'node:test';
import { parseChecksum } from '../../src/ostree/checksum.ts';
import { deltaDirectory, deltaIndexPath } from '../../src/ostree/delta-name.ts';
import { parseRepoPath } from '../../src/server/repo-path.ts';
import { repeatedChecksum } from '../support/checksums.ts';

const A = repeatedChecksum('a');
const B = parseChecksum(`${'b'.repeat(63)}c`);
const REST = 'a'.repeat(62);

test('objects', () => {
  assert.deepEqual(parseRepoPath(`objects/aa/${REST}.filez`), { kind: 'content', checksum: A });
  for (const type of ['commit', 'dirtree', 'dirmeta', 'commitmeta', 'tombstone-commit']) {
    assert.deepEqual(parseRepoPath(`objects/aa/${REST}.${type}`), { kind: 'metadata', type, checksum: A });
  }
  assert.deepEqual(parseRepoPath(`objects/%61a/${REST}.filez`), { kind: 'content', checksum: A });
});

test('deltas and their indexes, with a literal plus', () => {
  const fromScratch = { from: undefined, to: A };
  const between = { from: repeatedChecksum('fbef'), to: B };
  assert.match(deltaDirectory(between), /\+/);
  for (const name of [fromScratch, between]) {
    for (const file of ['superblock', '0', '17']) {
      assert.deepEqual(parseRepoPath(`${deltaDirectory(name)}/${file}`), { kind: 'delta', name, file });
    }
  }
  const encoded = deltaDirectory(between).replaceAll('+', '%2B');
  assert.deepEqual(parseRepoPath(`${encoded}/0`), { kind: 'delta', name: between, file: '0' });
  assert.deepEqual(parseRepoPath(deltaIndexPath(B)), { kind: 'delta-index', to: B });
});

test('refs, percent-encoded UTF-8 included', () => {
  const heads = (name: string) => ({ kind: 'ref', root: 'refs/heads', name });
  assert.deepEqual(parseRepoPath('refs/heads/exampleos/x86_64/main'), heads('exampleos/x86_64/main'));
  assert.deepEqual(parseRepoPath('refs/heads/ex%c3%a4mple'), heads('exämple'));
  assert.deepEqual(parseRepoPath('refs/mirrors/org.example.Os/main/x'), {
    kind: 'ref',
    root: 'refs/mirrors/org.example.Os',
    name: 'main/x',
  });
});

test('config, summary and what belongs to it', () => {
  assert.deepEqual(parseRepoPath('config'), { kind: 'config' });
  assert.deepEqual(parseRepoPath('summary'), { kind: 'summary' });
  const files = [
    'summary.sig',
    'summary.idx',
    'summary.idx.sig',
    `summaries/${A}.gz`,
    `summaries/${A}.idx.sig`,
  ];
  for (const path of [...files, `summaries/${A}-${B}.delta`]) {
    assert.deepEqual(parseRepoPath(path), { kind: 'summary-file', path });
  }
});

test("flatpak's files for people lie at the top", () => {
  for (const path of ['os.flatpakrepo', 'org.example.App.flatpakref', 'x-86_64+1.flatpakrepo']) {
    assert.deepEqual(parseRepoPath(path), { kind: 'flatpak-file', path });
  }
  for (const path of ['.flatpakrepo', 'a/b.flatpakrepo', '..flatpakref', 'a b.flatpakref', 'x.flatpak']) {
    assert.equal(parseRepoPath(path), undefined, path);
  }
});

test('everything else is nothing', () => {
  const upper = 'A'.repeat(62);
  const nothing = [
    '',
    '/',
    'config/',
    '/config',
    'Config',
    'objects',
    `objects/aa/${upper}.filez`,
    `objects/AA/${REST}.filez`,
    `objects/aa/${REST}.file`,
    `objects/aa/${REST}.file-xattrs-link`,
    `objects/aa/${REST}.payload-link`,
    `objects/aa/${REST}.filez/`,
    `objects/aa/${REST}.filez%00`,
    `objects/aa/${REST.slice(1)}.filez`,
    `objects//aa/${REST}.filez`,
    `objects/aa%2f${REST}.filez`,
    `objects/../objects/aa/${REST}.filez`,
    `%2e%2e/objects/aa/${REST}.filez`,
    'refs/heads',
    'refs/heads/',
    'refs/heads/..',
    'refs/heads/%2e%2e/x',
    'refs/heads/a//b',
    'refs/heads/a%2fb',
    'refs/heads/a%00',
    'refs/heads/%ff',
    'refs/heads/%zz',
    'refs/heads/-a',
    'refs/remotes/origin/main',
    'refs/mirrors/org.example.Os',
    'refs/mirrors/../heads/main',
    'refs/mirrors/org/main',
    `${deltaDirectory({ from: undefined, to: A })}/meta`,
    `${deltaDirectory({ from: undefined, to: A })}/00`,
    `${deltaDirectory({ from: undefined, to: A })}/-1`,
    `${deltaDirectory({ from: undefined, to: A })}`,
    'deltas/../config',
    `summaries/${A}`,
    `summaries/${'A'.repeat(64)}.gz`,
    'summaries/../config',
    'summary.sig/',
    'extensions/x',
    'tmp/x',
    'state/x',
    `refs/heads/${'a/'.repeat(3000)}a`,
  ];
  for (const path of nothing) assert.equal(parseRepoPath(path), undefined, path);
});
