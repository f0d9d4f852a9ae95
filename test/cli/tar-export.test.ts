import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { watch } from 'node:fs';
import { readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import { commitTree, type TreeDirectory, type TreeNode } from '../../src/ostree/commit-tree.ts';
import { loosePath } from '../../src/ostree/object-name.ts';
import { ArchiveWriter } from '../../src/ostree/repo/archive-writer.ts';
import { must, mustTreeport, run, TREEPORT, treeport } from '../e2e/support/run.ts';
import { tempDir } from '../e2e/support/scratch.ts';
import { repeatedChecksum } from '../support/checksums.ts';
import { FIXTURE_REF, fixtureObject, writeOstreeFixture } from '../support/ostree-fixture.ts';
import { unlessInstalled } from '../support/programs.ts';
import { goldenTar } from '../support/tar-streams.ts';

async function fixture(t: test.TestContext) {
  const folder = await tempDir(t);
  const { path } = await writeOstreeFixture(join(folder, 'repo'));
  return { folder, repo: path, args: ['tar', 'export', '--repo', path] };
}

test('tar export writes the stream to stdout, also with the words of ostree-ext', async (t) => {
  const { args } = await fixture(t);
  const golden = createHash('sha256')
    .update(await goldenTar('fixture-whole-commit-nometa'))
    .digest('hex');
  for (const more of [[FIXTURE_REF], ['--format-version', '1', FIXTURE_REF]]) {
    const pipeline = [...TREEPORT, ...args, ...more].map((word) => `'${word}'`).join(' ');
    assert.equal(await must(['sh', '-c', `${pipeline} | sha256sum`]), `${golden}  -`);
  }
});

test('tar export --output writes a file', async (t) => {
  const { folder, args } = await fixture(t);
  const file = join(folder, 'out/commit.tar');
  const outcome = await treeport([...args, '--output', file, FIXTURE_REF]);
  assert.deepEqual(outcome, { status: 0, signal: null, stdout: '', stderr: '' });
  assert.ok((await readFile(file)).equals(await goldenTar('fixture-whole-commit-nometa')));
});

test('tar export --output - is standard output, and a symlink stays one', async (t) => {
  const { folder, args } = await fixture(t);
  const golden = await goldenTar('fixture-whole-commit-nometa');
  const command = [...TREEPORT, ...args, '--output', '-', FIXTURE_REF].map((word) => `'${word}'`).join(' ');
  await must(['sh', '-c', `${command} > all.tar`], { cwd: folder });
  assert.ok((await readFile(join(folder, 'all.tar'))).equals(golden));
  await symlink('real.tar', join(folder, 'link.tar'));
  await mustTreeport([...args, '--output', 'link.tar', FIXTURE_REF], { cwd: folder });
  assert.ok((await readFile(join(folder, 'real.tar'))).equals(golden));
  assert.deepEqual(await readdir(folder), ['all.tar', 'link.tar', 'real.tar', 'repo']);
});

test('tar export of a repository with a corrupt object names it and leaves no file', async (t) => {
  const { folder, repo, args } = await fixture(t);
  const checksum = fixtureObject('/usr/bin/bash');
  const other = fixtureObject('/usr/bin/arping');
  const bytes = await readFile(join(repo, loosePath(other, 'filez')));
  await writeFile(join(repo, loosePath(checksum, 'filez')), bytes);
  const outcome = await treeport([...args, '--output', join(folder, 'commit.tar'), FIXTURE_REF]);
  assert.equal(outcome.status, 1);
  assert.match(outcome.stderr, new RegExp(`^treeport: ERR_OBJECT_CORRUPT: .*${checksum}.*\n$`));
  assert.deepEqual(await readdir(folder), ['repo']);
});

test('tar export of what is not there is one coded line', async (t) => {
  const { args } = await fixture(t);
  const missing = await treeport([...args, 'no/such/ref']);
  assert.deepEqual([missing.status, missing.stdout], [1, '']);
  assert.match(missing.stderr, /^treeport: ERR_REF_MISSING: .*no\/such\/ref.*\n$/);
  const commit = await treeport([...args, repeatedChecksum('f')]);
  assert.match(commit.stderr, /^treeport: ERR_COMMIT_MISSING: .*\n$/);
});

test('tar export does not write to a terminal', { skip: unlessInstalled('script') }, async (t) => {
  const { args } = await fixture(t);
  const command = [...TREEPORT, ...args, FIXTURE_REF].join(' ');
  const outcome = await run(['script', '--quiet', '--return', '--command', command, '/dev/null']);
  assert.equal(outcome.status, 2);
  assert.match(outcome.stdout, /^treeport: ERR_USAGE: .*terminal.*--output\r\n$/);
});

/** Starts an export that takes long enough to be interrupted, and sends the signal once its file exists. */
async function stoppedExport(t: test.TestContext, signal: NodeJS.Signals) {
  const folder = await tempDir(t);
  const writer = await ArchiveWriter.create(join(folder, 'repo'), { level: 1 });
  const large: TreeNode = { kind: 'file', mode: 0o644, content: Buffer.alloc(64 * 1024 * 1024) };
  const root: TreeDirectory = { kind: 'directory', mode: 0o755, entries: new Map([['large', large]]) };
  const commit = await commitTree(writer, root, { timestamp: 0 });
  const args = ['tar', 'export', '--repo', writer.path, '--output', join(folder, 'commit.tar'), commit];
  const watcher = watch(folder);
  const child = spawn(process.execPath, [TREEPORT[1], ...args]);
  const exit = once(child, 'exit');
  const [, created] = (await once(watcher, 'change')) as [string, string];
  watcher.close();
  child.kill(signal);
  const [status] = (await exit) as [number | null];
  return { folder, created, status };
}

test('a tar export that is stopped leaves no file', async (t) => {
  const { folder, created, status } = await stoppedExport(t, 'SIGTERM');
  assert.match(created, /^\.commit\.tar\..*\.tmp$/);
  assert.equal(status, 143);
  assert.deepEqual(await readdir(folder), ['repo']);
});

test('what a killed tar export left goes with the next one', async (t) => {
  const { folder, created } = await stoppedExport(t, 'SIGKILL');
  assert.ok((await readdir(folder)).includes(created));
  const { args } = await fixture(t);
  await mustTreeport([...args, '--output', join(folder, 'other.tar'), FIXTURE_REF]);
  assert.deepEqual(await readdir(folder), ['other.tar', 'repo']);
});
