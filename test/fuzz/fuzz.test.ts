/**
 * Fuzzes the readers of everything that comes from outside, each in a process of its own: a case may fail with the
 * errors it is allowed, and with nothing else; none hangs, ends the process or takes much memory.
 *
 * TREEPORT_FUZZ_SECONDS is how long it takes in all (10 minutes by hand: 600), TREEPORT_FUZZ_SEED the number of the first
 * case. `node test/fuzz/run.ts TARGET --case N` repeats one.
 */
import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { join } from 'node:path';
import test from 'node:test';
import { unlessInstalled } from '../support/programs.ts';
import type { Message } from './run.ts';

const SECONDS = Number(process.env.TREEPORT_FUZZ_SECONDS ?? 40);
const SEED = Number(process.env.TREEPORT_FUZZ_SEED ?? randomInt(2 ** 31));
/** A case takes milliseconds; a machine may be busy. */
const CASE_TIMEOUT = 30_000;
/** Node and what it loads take 130; the largest case inflates 64 MiB, piece by piece. */
const MAX_MB = 400;

type Report = { readonly cases: number; readonly outcomes: Readonly<Record<string, number>> };

function fuzz(target: string, seconds: number): Promise<Report> {
  const words = [target, '--seed', String(SEED), '--seconds', String(seconds)];
  const child = fork(join(import.meta.dirname, 'run.ts'), words, {
    // A heap with a bound, collected often, so that what a case needs is not hidden by what others left.
    execArgv: ['--max-old-space-size=128', '--semi-space-growth-factor=1'],
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const { promise, resolve, reject } = Promise.withResolvers<Report>();
  const position = { at: SEED, ended: false };
  const fail = (at: number, why: string) => {
    position.ended = true;
    reject(new Error(`${why}\nto repeat it: node test/fuzz/run.ts ${target} --case ${at}`));
  };
  const hung = setTimeout(() => {
    child.kill('SIGKILL');
    fail(position.at, `case ${position.at} hangs`);
  }, CASE_TIMEOUT);
  child.on('message', (message: Message) => {
    hung.refresh();
    if ('at' in message) position.at = message.at;
    else if ('failed' in message) fail(message.failed, message.why);
    else {
      position.ended = true;
      if (message.peakMB > MAX_MB)
        reject(new Error(`${target} took ${message.peakMB} MB from case ${SEED} on`));
      resolve({ cases: position.at - SEED + 1, outcomes: message.outcomes });
    }
  });
  child.on('exit', (status, signal) => {
    clearTimeout(hung);
    if (!position.ended) fail(position.at, `the process ended with ${signal ?? status}`);
  });
  return promise;
}

/** Mutations are no good if nearly all of them fail alike. */
function assertVaried({ cases, outcomes }: Report, codes: readonly string[]): void {
  assert.ok(cases > 10, `${cases} cases`);
  for (const code of ['done', ...codes])
    assert.ok(outcomes[code], `no case ended with ${code}: ${JSON.stringify(outcomes)}`);
}

test('mutated input', { concurrency: 2 }, async (t) => {
  t.diagnostic(`TREEPORT_FUZZ_SEED=${SEED}`);
  const ostree = { skip: unlessInstalled('ostree') };
  await Promise.all([
    t.test('imports of tar streams', ostree, async (t) => {
      const report = await fuzz('import', SECONDS);
      t.diagnostic(JSON.stringify(report));
      assertVaried(report, ['ERR_TAR', 'ERR_TAR_OBJECT']);
    }),
    t.test('tar streams, then every other parser', async (t) => {
      const tar = await fuzz('tar', SECONDS / 2);
      t.diagnostic(JSON.stringify(tar));
      assertVaried(tar, ['ERR_TAR', 'ERR_TAR_OBJECT', 'ERR_OBJECT_CORRUPT']);
      const parsers = await fuzz('parsers', SECONDS / 2);
      t.diagnostic(JSON.stringify(parsers));
      assertVaried(parsers, ['ERR_VARIANT', 'ERR_OBJECT_CORRUPT', 'ERR_JSON', 'ERR_CATALOGUE']);
    }),
  ]);
});
