/** What verbs that take long say on stderr, and the file with the digest. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { treeport } from '../e2e/support/run.ts';
import { tempDir } from '../e2e/support/scratch.ts';
import { FIXTURE_REF, writeOstreeFixture } from '../support/ostree-fixture.ts';

async function fixture(t: TestContext) {
  const folder = await tempDir(t);
  const repo = join(folder, 'repo');
  await writeOstreeFixture(repo);
  const image = `oci:${join(folder, 'image')}`;
  const encapsulate = (...words: readonly string[]) =>
    treeport(['container', 'encapsulate', '--repo', repo, FIXTURE_REF, image, ...words]);
  return { folder, repo, image, encapsulate };
}

test('--digestfile gets the digest that is printed', async (t) => {
  const { folder, encapsulate } = await fixture(t);
  const file = join(folder, 'digest');
  const { stdout, stderr } = await encapsulate('--digestfile', file, '--quiet');
  assert.equal(stderr, '');
  assert.match(stdout, /^sha256:[0-9a-f]{64}\n$/);
  assert.equal(readFileSync(file, 'utf8'), stdout.trim());
});

test('--progress: a line or an event sums an image up', async (t) => {
  const { image, encapsulate } = await fixture(t);
  for (const style of ['plain', 'none']) {
    const { stdout, stderr } = await encapsulate('--progress', style);
    const [summary = '', ...more] = stderr.split('\n');
    assert.ok(summary.includes(`encapsulate: ${image}: ${stdout.trim()}, `), stderr);
    assert.match(summary, /, \d+\.\d s$/);
    assert.deepEqual(more, ['']);
  }
  const { stdout, stderr } = await encapsulate('--progress', 'json');
  const events = stderr
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  const { event, where, digest, seconds } = events.at(-1);
  assert.deepEqual([event, where, digest, typeof seconds], ['finished', image, stdout.trim(), 'number']);
  assert.ok(events.slice(0, -1).every((one) => one.event === 'progress'));
});

test('other verbs are summed up on stderr, and not with --quiet', async (t) => {
  const { folder, repo } = await fixture(t);
  const cases = {
    fsck: ['repo', 'fsck', '--repo', repo],
    'repo export': ['repo', 'export', '--repo', repo, join(folder, 'export')],
    'mirror warm': ['mirror', 'warm', '--repo', repo, '--cache-dir', join(folder, 'cache')],
    'delta generate': ['delta', 'generate', '--repo', repo, '--empty', FIXTURE_REF],
  };
  for (const [label, words] of Object.entries(cases)) {
    const { status, stderr } = await treeport(words);
    assert.equal(status, 0, stderr);
    assert.match(stderr, new RegExp(`(?:^|: )${label}: ${folder}/.*, \\d+\\.\\d s\n$`));
    assert.equal((await treeport([...words, '--quiet'])).stderr, '', label);
  }
});
