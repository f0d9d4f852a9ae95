/**
 * `delta generate`: killed at moments of chance it leaves no delta that a client could not apply, and beside
 * other publishers it loses nothing of theirs. KILL_SEED repeats a run as far as moments can be repeated,
 * GENERATE_KILLS makes more of them.
 */
import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { deltaKey } from '../../src/ostree/delta-name.ts';
import { openRepository } from '../../src/ostree/repo/open.ts';
import { serializeSummary } from '../../src/ostree/summary.ts';
import { buildSummary } from '../../src/ostree/summary-build.ts';
import { Random } from '../gvariant/random.ts';
import { writeDeltaTrees } from '../support/delta-trees.ts';
import { unlessInstalled } from '../support/programs.ts';
import { killAtChange } from './support/kill-at-change.ts';
import { assertDeltasSound } from './support/published-deltas.ts';
import { must, mustTreeport } from './support/run.ts';
import { tempDir } from './support/scratch.ts';

const KILLS = Number(process.env.GENERATE_KILLS ?? 6);
const SEED = Number(process.env.KILL_SEED ?? randomInt(2 ** 31));

async function repoWithSummary(t: TestContext) {
  const folder = await tempDir(t);
  const { repo, from, to } = await writeDeltaTrees(join(folder, 'repo'));
  const summary = await buildSummary(await openRepository(repo.path));
  await writeFile(join(repo.path, 'summary'), serializeSummary(summary));
  const generate = (...words: readonly string[]) => [
    'delta',
    'generate',
    '--repo',
    repo.path,
    ...words,
    'os',
  ];
  return { folder, path: repo.path, from, to, generate };
}

test('a generator that is killed', { timeout: 600_000 }, async (t) => {
  t.diagnostic(`KILL_SEED=${SEED}`);
  const { path, from, to, generate } = await repoWithSummary(t);
  const random = new Random(SEED);
  const { changes: whole } = await killAtChange(
    generate('--max-chunk-size=0'),
    [path],
    Number.POSITIVE_INFINITY,
  );
  assert.deepEqual(await assertDeltasSound(path), [deltaKey({ from, to })]);
  const counts = { whole, killed: 0 };
  for (let kill = 0; kill < KILLS; kill++) {
    // In turns: a new delta, the same again, and another one in its place.
    if (kill % 3 === 0) await rm(join(path, 'deltas'), { recursive: true });
    const options = kill % 3 === 2 ? ['--replace', '--profile=small'] : ['--max-chunk-size=0'];
    if (kill % 3 === 0) await mustTreeport(['delta', 'generate', '--repo', path, '--empty', '--quiet', 'os']);
    const change = 1 + random.below(whole);
    const { changes } = await killAtChange(generate(...options), [path], change);
    counts.killed += changes >= change ? 1 : 0;
    await assertDeltasSound(path);
    await mustTreeport(generate('--replace', '--quiet', '--max-chunk-size=0'));
    assert.equal((await assertDeltasSound(path)).length, 2);
    assert.deepEqual(await readdir(join(path, 'tmp')), []);
  }
  t.diagnostic(JSON.stringify(counts));
  assert.ok(counts.killed > 0, 'no run was killed');
});

test('a generator beside maintenance, a second generator, and ostree', {
  skip: unlessInstalled('ostree'),
  timeout: 300_000,
}, async (t) => {
  const { folder, path, from, to, generate } = await repoWithSummary(t);
  const policy = join(folder, 'policy');
  await writeFile(policy, '[deltas]\nminimum-saving=0\n[refs "*"]\nscratch=true\nfrom-last=1\n');
  const ostree = (...words: readonly string[]) => must(['ostree', `--repo=${path}`, ...words]);
  const publishing = Promise.all([
    mustTreeport(generate('--quiet')),
    mustTreeport(generate('--quiet')),
    mustTreeport(generate('--quiet', '--empty')),
    mustTreeport(['delta', 'maintain', '--quiet', '--repo', path, '--policy', policy]),
  ]);
  const state = { isDone: false };
  const done = publishing.finally(() => {
    state.isDone = true;
  });
  for (let round = 0; !state.isDone; round++) {
    await ostree('refs', `--create=other/${round}`, to);
    await ostree('summary', '--update');
    await ostree('prune', '--refs-only');
    assert.match(await ostree('summary', '--view'), new RegExp(`other/${round}$`, 'm'));
  }
  await done;
  assert.deepEqual((await assertDeltasSound(path)).toSorted(), [`${from}-${to}`, to].toSorted());
  await ostree('fsck');
});
