import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { after, before } from 'node:test';
import { DIFF_REF, writeDiffCommits } from '../support/diff-commits.ts';
import { unlessInstalled } from '../support/programs.ts';

const CLI = join(import.meta.dirname, '../../src/cli.ts');
const REVISIONS = [`${DIFF_REF}^`, DIFF_REF];
const state = { repo: '' };

before(async () => {
  state.repo = await mkdtemp(join(tmpdir(), 'treeport-cli-diff-'));
  await writeDiffCommits(state.repo);
});
after(() => rm(state.repo, { recursive: true, force: true }));

function diff(...words: readonly string[]) {
  return spawnSync(process.execPath, [CLI, 'diff', '--repo', state.repo, ...words], { encoding: 'utf8' });
}

test('diff names what ostree diff names', { skip: unlessInstalled('ostree') }, () => {
  const ostree = spawnSync('ostree', [`--repo=${state.repo}`, 'diff', ...REVISIONS], { encoding: 'utf8' });
  const ours = linesOf(diff(...REVISIONS).stdout).map((line) => line.replace(/ {2}\(.*\)$/, ''));
  // ostree lists the content of a new directory, and does not compare the top directory.
  const theirs = linesOf(ostree.stdout).filter((line) => !line.startsWith('A    /brought/'));
  assert.ok(theirs.length > 10);
  assert.deepEqual(ours.filter((line) => line !== 'M    /').toSorted(), theirs.toSorted());
});

function linesOf(text: string): string[] {
  return text.split('\n').slice(0, -1);
}

test('diff says what differs', () => {
  const { stdout, status } = diff(...REVISIONS);
  assert.equal(status, 0);
  assert.deepEqual(linesOf(stdout), [
    'M    /attributes/both  (content 17 bytes -> 17 bytes; mode 0644 -> 0600)',
    'M    /attributes/mode  (mode 0644 -> 0755)',
    'M    /attributes/owner  (owner 0:0 -> 7:8)',
    'M    /attributes/xattrs  (xattrs user.gone, user.new)',
    'M    /dir-to-file  (directory -> file)',
    'M    /file-to-dir  (file -> directory)',
    'M    /file-to-link  (file -> symlink)',
    'M    /link  (content symlink to old-target -> symlink to new-target)',
    'M    /not-text  (content 3 bytes -> 4 bytes)',
    'M    /text  (content 34 bytes -> 40 bytes)',
    'M    /without end  (content 11 bytes -> 12 bytes)',
    'M    /  (mode 0755 -> 0711)',
    'M    /dir-mode  (mode 0755 -> 0700)',
    'D    /moved  (directory)',
    'A    /quoted "ü"\t  (4 bytes)',
    'A    /brought  (directory)',
  ]);
});

test('diff --stat counts, with the files below new and old directories in the sizes', () => {
  assert.deepEqual(linesOf(diff('--stat', ...REVISIONS).stdout), [
    'files(added:1 removed:0 changed:11) dirs(added:1 removed:1 changed:2)',
    'size(added:8 bytes removed:4 bytes changed:101 bytes -> 106 bytes)',
  ]);
});

test('diff --json has the attributes of both sides', () => {
  const document = JSON.parse(diff('--json', ...REVISIONS, 'attributes').stdout);
  assert.equal(document.subdir, 'attributes');
  assert.deepEqual(Object.keys(document).slice(3), [
    'addedFiles',
    'addedDirs',
    'removedFiles',
    'removedDirs',
    'changedFiles',
    'changedDirs',
  ]);
  const common = { type: 'file', mode: '0644', uid: 0, gid: 0, size: 6 };
  assert.deepEqual(document.changedFiles.at(-1), {
    path: '/xattrs',
    aspects: ['xattrs'],
    from: { ...common, xattrs: { 'user.gone': 'MQ==', 'user.kept': 'MQ==' } },
    to: { ...common, xattrs: { 'user.kept': 'MQ==', 'user.new': 'MQ==' } },
  });
});

test('diff --patch prints a patch', () => {
  const { stdout } = diff('--patch', ...REVISIONS);
  assert.ok(
    stdout.includes('--- a/text\n+++ b/text\n@@ -1,7 +1,8 @@\n one\n two\n three\n-four\n+FOUR\n'),
    stdout,
  );
  assert.equal(diff('--patch', DIFF_REF, DIFF_REF).stdout, '');
});

test('diff refuses two forms at once, and what is not there, in one line', () => {
  const both = diff('--stat', '--json', ...REVISIONS);
  assert.equal(both.status, 2);
  assert.match(both.stderr, /^treeport: ERR_USAGE: .*\n$/);
  const missing = diff(DIFF_REF, 'nothing');
  assert.equal(missing.status, 1);
  assert.match(missing.stderr, /^treeport: ERR_REF_MISSING: .*\n$/);
});
