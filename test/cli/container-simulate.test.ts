import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { run, TREEPORT } from '../e2e/support/run.ts';
import { tempDir } from '../e2e/support/scratch.ts';
import { commitHistory, debianTree } from '../support/package-trees.ts';

const system = (content: string) =>
  debianTree({ a: ['/usr/a'], b: ['/usr/b'] }, { 'usr/a': content, 'usr/b': 'b' });

async function history(t: Parameters<typeof tempDir>[0]) {
  const repo = join(await tempDir(t), 'repo');
  const commits = await commitHistory(repo, [system('1'), system('2')]);
  const play = (...words: readonly string[]) =>
    run([...TREEPORT, 'container', 'simulate', '--repo', repo, ...commits, ...words]);
  return { repo, commits, play };
}

test('a table has a row for each commit and a sum, and a chart is written beside it', async (t) => {
  const { repo, commits, play } = await history(t);
  const svg = `${repo}.svg`;
  const { status, stdout, stderr } = await play('--svg', svg, '--max-layers', '6');
  assert.equal(stderr, '');
  assert.equal(status, 0);
  const rows = stdout
    .trimEnd()
    .split('\n')
    .map((line) => line.split(/ {2,}/));
  assert.deepEqual(rows[0], [
    'COMMIT',
    'MINIMUM',
    'STABLE',
    'STABLE, COLD',
    'COMPATIBLE',
    'COMPATIBLE, COLD',
    'SINGLE',
  ]);
  assert.deepEqual(
    rows.slice(1).map(([name]) => name),
    [`${commits[0]} (image)`, commits[1], 'all updates'],
  );
  assert.match(readFileSync(svg, 'utf8'), /^<svg .*<\/svg>\n$/s);
});

test('JSON has everything, of the packings that are asked for', async (t) => {
  const { commits, play } = await history(t);
  const { stdout } = await play('--json', '--packing', 'single', '--packing', 'single');
  const { steps } = JSON.parse(stdout);
  assert.deepEqual(
    steps.map((step: { commit: string; updates: readonly object[] }) => [step.commit, step.updates.length]),
    commits.map((commit) => [commit, 1]),
  );
});

test('unknown packings and too few layers are refused', async (t) => {
  const { play } = await history(t);
  const unknown = await play('--packing', 'best');
  assert.match(unknown.stderr, /must be one of compatible, stable, single/);
  const few = await play('--max-layers', '3', '--packing', 'compatible');
  assert.match(few.stderr, /ERR_LAYER_PLAN.*give at least 4/);
  assert.deepEqual([unknown.status, few.status], [2, 1]);
});
