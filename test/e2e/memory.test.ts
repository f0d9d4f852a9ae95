/** Memory is bounded: a commit with one file of 4 GB takes no more than a small one. */
import assert from 'node:assert/strict';
import { readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { initRepo } from '../support/ostree-repos.ts';
import { unlessInstalled, unlessRoot } from '../support/programs.ts';
import { readLayout } from './support/layout.ts';
import { type Running, start } from './support/processes.ts';
import { must, TREEPORT } from './support/run.ts';
import { tempDir } from './support/scratch.ts';

const skip = unlessRoot() || unlessInstalled('ostree');
const timeout = 600_000;
const FILE_BYTES = 4 * 1024 ** 3;
const LIMIT_KB = 200 * 1024;

test('encapsulating a file of 4 GB takes less than 200 MB', { skip, timeout }, async (t) => {
  const folder = await tempDir(t);
  const tree = join(folder, 'tree');
  await mkdir(tree);
  writeFileSync(join(tree, 'large'), '');
  truncateSync(join(tree, 'large'), FILE_BYTES);
  const repo = await initRepo(join(folder, 'repo'), 'bare');
  // Consumed, the file moves into the repository with its holes.
  const words = ['commit', '--branch=large', '--consume', '--fsync=false', tree];
  await must(['ostree', `--repo=${repo}`, ...words]);

  const target = join(folder, 'image');
  const encapsulate = ['container', 'encapsulate', '--quiet', '--repo', repo, 'large', `oci:${target}`];
  const running = start(t, [...TREEPORT, ...encapsulate]);
  const peak = await peakOf(running);
  assert.equal(await running.ended(), 0, running.output());
  assert.ok(peak > 0 && peak < LIMIT_KB, `peak of ${Math.round(peak / 1024)} MB`);
  t.diagnostic(`peak of ${Math.round(peak / 1024)} MB`);
  assert.equal(readLayout(target).layers.length, 1);
});

/** The largest resident memory of a program until its end, in kB, as the kernel counts it. */
async function peakOf(running: Running): Promise<number> {
  let peak = 0;
  while (!running.hasEnded()) {
    peak = Math.max(peak, highWaterMark(running.pid));
    await sleep(20);
  }
  return peak;
}

function highWaterMark(pid: number): number {
  try {
    return Number(/^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0);
  } catch {
    return 0;
  }
}
