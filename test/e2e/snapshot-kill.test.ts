/**
 * Creating, extracting and exporting snapshots are killed at moments of chance: nothing half-made is visible,
 * and another run finishes. TREEPORT_SNAPSHOT_KILLS=50 makes a longer run, KILL_SEED repeats one as far as
 * moments can be repeated.
 */
import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { ArchiveWriter } from '../../src/ostree/repo/archive-writer.ts';
import { Random } from '../gvariant/random.ts';
import { commitNoise } from '../support/noise-commit.ts';
import { unlessInstalled } from '../support/programs.ts';
import { newRepo, ostreeFsck } from './support/import-repo.ts';
import { killAtChange } from './support/kill-at-change.ts';
import { must, mustTreeport, treeport } from './support/run.ts';
import { tempDir } from './support/scratch.ts';

const KILLS = Number(process.env.TREEPORT_SNAPSHOT_KILLS ?? 5);
const SEED = Number(process.env.KILL_SEED ?? randomInt(2 ** 31));

test(`snapshots that are killed, seed ${SEED}`, {
  skip: unlessInstalled('ostree'),
  timeout: 3_600_000,
}, async (t) => {
  const folder = await tempDir(t);
  const random = new Random(SEED);
  const writer = await ArchiveWriter.create(join(folder, 'source'), { level: 1 });
  await commitNoise(writer, 'os/one', random);
  const runtime = `oci:${join(folder, 'runtime')}`;
  await mustTreeport(['mirror', 'runtime', '--quiet', runtime]);
  const images = join(folder, 'images');
  const create = ['snapshot', 'create', '--quiet', '--repo', writer.path, '--runtime', runtime];
  await mustTreeport([...create, `oci:${images}:first`]);
  await commitNoise(writer, 'os/two', random);

  for (let kill = 0; kill < KILLS; kill += 1) {
    const next = `oci:${images}:next-${kill}`;
    const words = [...create, '--previous', `oci:${images}:first`, next];
    const { isDone } = await killAtChange(words, [images], 1 + random.below(12));
    await mustTreeport(['snapshot', 'verify', '--quiet', `oci:${images}:first`]);
    const made = await treeport(['snapshot', 'verify', '--quiet', next]);
    if (made.status !== 0) assert.match(made.stderr, /ERR_IMAGE_MISSING/);
    assert.ok(!isDone || made.status === 0);
    await mustTreeport(words);
    await mustTreeport(['snapshot', 'verify', '--quiet', next]);

    const copy = await newRepo(join(folder, 'copy'), random.pick(['archive', 'bare-user']));
    const extract = ['snapshot', 'extract', '--quiet', '--repo', copy, next];
    await killAtChange(extract, [copy], 1 + random.below(200));
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
    await killAtChange(exporting, [exported], 1 + random.below(250));
    if (existsSync(join(exported, 'summary'))) await ostreeFsck(exported);
    await mustTreeport(exporting);
    await ostreeFsck(exported);
    rmSync(exported, { recursive: true });
  }
});
