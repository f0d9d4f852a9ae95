/** Memory is bounded: a commit with one large file takes no more than a small one. */
import assert from 'node:assert/strict';
import { readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { initRepo } from '../support/ostree-repos.ts';
import { unlessInstalled, unlessRoot } from '../support/programs.ts';
import { readLayout } from './support/layout.ts';
import { must, run, TREEPORT } from './support/run.ts';
import { tempDir } from './support/scratch.ts';

const skip = unlessRoot() || unlessInstalled('ostree');
const timeout = 600_000;
const GIGABYTE = 1024 ** 3;

/**
 * A module that keeps what the kernel counted, the peak of resident memory among it, when its process ends.
 */
const COPY_STATUS = `data:text/javascript,${encodeURIComponent(`
  import { readFileSync, writeFileSync } from 'node:fs';
  import { isMainThread } from 'node:worker_threads';
  const copy = () => writeFileSync(process.env.STATUS_FILE, readFileSync('/proc/self/status'));
  if (isMainThread) process.on('exit', copy);`)}`;

/** A repository with a commit of one file of zeros, under the ref `large`. */
async function largeRepo(folder: string, bytes: number): Promise<string> {
  const tree = join(folder, 'tree');
  await mkdir(tree);
  writeFileSync(join(tree, 'large'), '');
  truncateSync(join(tree, 'large'), bytes);
  const repo = await initRepo(join(folder, 'repo'), 'bare');
  // Consumed, the file moves into the repository with its holes.
  const words = ['commit', '--branch=large', '--consume', '--fsync=false', tree];
  await must(['ostree', `--repo=${repo}`, ...words]);
  return repo;
}

/** Runs the product's command, which has to succeed within the limit. */
async function assertBounded(t: TestContext, words: readonly string[], limitKb: number): Promise<void> {
  const file = join(await tempDir(t), 'status');
  const [node, cli] = TREEPORT;
  const outcome = await run([node, '--import', COPY_STATUS, cli, ...words], { env: { STATUS_FILE: file } });
  assert.equal(outcome.status, 0, outcome.stderr);
  const peak = Number(/^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(file, 'utf8'))?.[1]);
  assert.ok(peak > 0 && peak < limitKb, `peak of ${Math.round(peak / 1024)} MB`);
  t.diagnostic(`peak of ${Math.round(peak / 1024)} MB`);
}

test('encapsulating a file of 4 GB takes less than 200 MB', { skip, timeout }, async (t) => {
  const folder = await tempDir(t);
  const repo = await largeRepo(folder, 4 * GIGABYTE);
  const target = join(folder, 'image');
  const words = ['container', 'encapsulate', '--quiet', '--repo', repo, 'large', `oci:${target}`];
  await assertBounded(t, words, 200 * 1024);
  assert.equal(readLayout(target).layers.length, 1);
});

test('importing a file of 1 GB takes less than 250 MB', { skip, timeout }, async (t) => {
  const folder = await tempDir(t);
  const from = await largeRepo(folder, GIGABYTE);
  const image = `oci:${join(folder, 'image')}`;
  await must([...TREEPORT, 'container', 'encapsulate', '--quiet', '--repo', from, 'large', image]);
  const repo = await initRepo(join(folder, 'imported'), 'archive');
  const words = ['container', 'unencapsulate', '--quiet', '--repo', repo, '--write-ref', 'large'];
  await assertBounded(t, [...words, `ostree-unverified-image:${image}`], 250 * 1024);
  const commit = (of: string) => must(['ostree', `--repo=${of}`, 'rev-parse', 'large']);
  assert.equal(await commit(repo), await commit(from));
});
