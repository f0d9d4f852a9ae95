/**
 * Creating, extracting and exporting snapshots are killed at moments of chance: nothing half-made is visible,
 * and another run finishes. TREEPORT_SNAPSHOT_KILLS=50 makes a longer run, KILL_SEED repeats one as far as
 * moments can be repeated.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdirSync, rmSync, watch } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { commitTree, type TreeNode } from '../../src/ostree/commit-tree.ts';
import { ArchiveWriter } from '../../src/ostree/repo/archive-writer.ts';
import { Random } from '../gvariant/random.ts';
import { unlessInstalled } from '../support/programs.ts';
import { newRepo, ostreeFsck } from './support/import-repo.ts';
import { must, mustTreeport, TREEPORT, treeport } from './support/run.ts';
import { tempDir } from './support/scratch.ts';

const KILLS = Number(process.env.TREEPORT_SNAPSHOT_KILLS ?? 5);
const SEED = Number(process.env.KILL_SEED ?? randomInt(2 ** 31));

/** Commits a tree of a megabyte that compresses badly. */
async function grow(writer: ArchiveWriter, ref: string, random: Random): Promise<void> {
  const entries = Array.from({ length: 40 }, (_, at): [string, TreeNode] => {
    const words = new Uint32Array(6000).map(() => random.next());
    return [`file${at}`, { kind: 'file', mode: 0o644, content: Buffer.from(words.buffer) }];
  });
  const tree = { kind: 'directory', mode: 0o755, entries: new Map(entries) } as const;
  await writer.ref(ref, await commitTree(writer, tree, { timestamp: 1_700_000_000 }));
}

/**
 * Runs treeport, and kills it at a change below the folder, counted from the start. True if it ended before.
 */
async function runAndKill(words: readonly string[], folder: string, change: number): Promise<boolean> {
  const [program, ...first] = TREEPORT;
  const state = { changes: 0 };
  const child = spawn(program as string, [...first, ...words], { stdio: 'ignore' });
  const watcher = watch(folder, { recursive: true }, () => {
    state.changes += 1;
    if (state.changes >= change) child.kill('SIGKILL');
  });
  // Folders come and go while it looks for them.
  watcher.on('error', () => {});
  const [status] = await once(child, 'close');
  watcher.close();
  return status === 0;
}

test(`snapshots that are killed, seed ${SEED}`, {
  skip: unlessInstalled('ostree'),
  timeout: 3_600_000,
}, async (t) => {
  const folder = await tempDir(t);
  const random = new Random(SEED);
  const writer = await ArchiveWriter.create(join(folder, 'source'), { level: 1 });
  await grow(writer, 'os/one', random);
  const runtime = `oci:${join(folder, 'runtime')}`;
  await mustTreeport(['mirror', 'runtime', '--quiet', runtime]);
  const images = join(folder, 'images');
  const create = ['snapshot', 'create', '--quiet', '--repo', writer.path, '--runtime', runtime];
  await mustTreeport([...create, `oci:${images}:first`]);
  await grow(writer, 'os/two', random);

  for (let kill = 0; kill < KILLS; kill += 1) {
    const next = `oci:${images}:next-${kill}`;
    const words = [...create, '--previous', `oci:${images}:first`, next];
    const isDone = await runAndKill(words, images, 1 + random.below(12));
    await mustTreeport(['snapshot', 'verify', '--quiet', `oci:${images}:first`]);
    const made = await treeport(['snapshot', 'verify', '--quiet', next]);
    if (made.status !== 0) assert.match(made.stderr, /ERR_IMAGE_MISSING/);
    assert.ok(!isDone || made.status === 0);
    await mustTreeport(words);
    await mustTreeport(['snapshot', 'verify', '--quiet', next]);

    const copy = await newRepo(join(folder, 'copy'), random.pick(['archive', 'bare-user']));
    const extract = ['snapshot', 'extract', '--quiet', '--repo', copy, next];
    await runAndKill(extract, copy, 1 + random.below(200));
    await must(['ostree', `--repo=${copy}`, 'fsck', '--quiet', '--all']);
    for (const ref of (await must(['ostree', `--repo=${copy}`, 'refs'])).split('\n').filter(Boolean))
      await must(['ostree', `--repo=${copy}`, 'ls', '-R', ref]);
    await mustTreeport(extract);
    await ostreeFsck(copy);
    assert.deepEqual((await must(['ostree', `--repo=${copy}`, 'refs'])).split('\n').toSorted(), [
      'os/one',
      'os/two',
    ]);
    rmSync(copy, { recursive: true });

    const exported = join(folder, 'exported');
    mkdirSync(exported);
    const exporting = ['snapshot', 'export', '--quiet', next, exported];
    await runAndKill(exporting, exported, 1 + random.below(250));
    if (existsSync(join(exported, 'summary'))) await ostreeFsck(exported);
    await mustTreeport(exporting);
    await ostreeFsck(exported);
    rmSync(exported, { recursive: true });
  }
});
