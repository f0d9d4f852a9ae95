/**
 * Fuzzes the readers of everything that comes from outside, each in a process of its own: a case may fail
 * with the errors it is allowed, and with nothing else; none hangs, ends the process or takes much memory.
 *
 * TREEPORT_FUZZ_SECONDS is how long it takes in all (10 minutes by hand: 600), TREEPORT_FUZZ_SEED the number
 * of the first case. `node test/fuzz/run.ts TARGET --case N` repeats one.
 */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import test, { type TestContext } from 'node:test';
import { tempDir } from '../e2e/support/scratch.ts';
import { unlessInstalled } from '../support/programs.ts';
import type { Result } from './run.ts';

const SECONDS = Number(process.env.TREEPORT_FUZZ_SECONDS ?? 40);
const SEED = Number(process.env.TREEPORT_FUZZ_SEED ?? randomInt(2 ** 31));
/** A case takes milliseconds; a machine may be busy. */
const CASE_TIMEOUT = 30_000;
/**
 * Node and what it loads take 130; the largest case inflates 64 MiB, piece by piece. An import's threads have
 * pools of memory, and those of a few imports are there at a time, for as many imports as there may be.
 */
const MAX_MB: Readonly<Record<string, number>> = {
  tar: 400,
  foreign: 400,
  parsers: 400,
  delta: 250,
  import: 600,
};
/** With a bound, and collected often, so that what a case needs is not hidden by what others left. */
const HEAP = ['--max-old-space-size=128', '--semi-space-growth-factor=1', '--expose-gc'];

type Report = Exclude<Result, { failed: number }>;

async function fuzz(t: TestContext, target: string, seconds: number): Promise<Report> {
  const progress = join(await tempDir(t), 'progress');
  const words = [target, '--seed', String(SEED), '--seconds', String(seconds), '--progress', progress];
  const child = spawn(process.execPath, [...HEAP, join(import.meta.dirname, 'run.ts'), ...words], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const watch = killIfStuck(child, progress);
  const [printed, [status, signal]] = await Promise.all([text(child.stdout), once(child, 'close')]);
  clearInterval(watch);
  const result: Result | undefined = printed === '' ? undefined : JSON.parse(printed);
  const again = (at: string | number) => `to repeat it: node test/fuzz/run.ts ${target} --case ${at}`;
  assert.ok(result, `the process ended with ${signal ?? status}; ${again(caseIn(progress))}`);
  if ('failed' in result) assert.fail(`${result.why}\n${again(result.failed)}`);
  assert.ok(
    result.peakMB <= (MAX_MB[target] ?? 0),
    `${target} took ${result.peakMB} MB from case ${SEED} on`,
  );
  t.diagnostic(`${target}: ${JSON.stringify(result)}`);
  return result;
}

/** Kills the process when it has been at one case for too long. */
function killIfStuck(child: ChildProcess, progress: string): NodeJS.Timeout {
  const seen = { at: '', since: Date.now() };
  return setInterval(() => {
    const at = caseIn(progress);
    if (at !== seen.at) Object.assign(seen, { at, since: Date.now() });
    else if (Date.now() - seen.since > CASE_TIMEOUT) child.kill('SIGKILL');
  }, 1000);
}

function caseIn(progress: string): string {
  return existsSync(progress) ? readFileSync(progress, 'latin1').trim() : '';
}

/** Mutations are no good if nearly all of them fail alike. */
function assertVaried({ cases, outcomes }: Report, codes: readonly string[]): void {
  assert.ok(cases > 10, `${cases} cases`);
  for (const code of ['done', ...codes])
    assert.ok(outcomes[code], `no case ended with ${code}: ${JSON.stringify(outcomes)}`);
}

test('mutated input', { concurrency: 2 }, async (t) => {
  t.diagnostic(`TREEPORT_FUZZ_SEED=${SEED}`);
  await Promise.all([
    t.test('imports of tar streams', { skip: unlessInstalled('ostree') }, async (t) => {
      assertVaried(await fuzz(t, 'import', SECONDS), ['ERR_TAR', 'ERR_TAR_OBJECT']);
    }),
    t.test('tar streams, static deltas, then every other parser', async (t) => {
      const tar = ['ERR_TAR', 'ERR_TAR_OBJECT', 'ERR_OBJECT_CORRUPT'];
      assertVaried(await fuzz(t, 'tar', SECONDS / 4), tar);
      assertVaried(await fuzz(t, 'foreign', SECONDS / 8), ['ERR_TAR']);
      assertVaried(await fuzz(t, 'delta', SECONDS / 4), ['ERR_VARIANT', 'ERR_DELTA_CORRUPT']);
      const parsers = ['ERR_VARIANT', 'ERR_OBJECT_CORRUPT', 'ERR_JSON', 'ERR_CATALOGUE'];
      assertVaried(await fuzz(t, 'parsers', (3 * SECONDS) / 8), parsers);
    }),
  ]);
});
