/**
 * Metadata that is small when it is compressed and large when it is decoded, each stream imported and checked
 * by a process of its own. The largest and a few streams that the seed picks; all with
 * TREEPORT_FUZZ_SECONDS=600. A repository with such metadata may also lack everything that it names.
 */
import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import test from 'node:test';
import { gzipSync } from 'node:zlib';
import { collect } from '../../src/base/bytes.ts';
import { REPO_PATH } from '../../src/tar/layout.ts';
import { readEntries } from '../../src/tar/read-entries.ts';
import { must } from '../e2e/support/run.ts';
import { tempDir } from '../e2e/support/scratch.ts';
import { Random } from '../gvariant/random.ts';
import { HOSTILE_STREAMS } from '../support/hostile-variants.ts';
import { unlessInstalled } from '../support/programs.ts';
import { inPieces } from '../support/tar-streams.ts';

const SECONDS = Number(process.env.TREEPORT_FUZZ_SECONDS ?? 40);
const SEED = Number(process.env.TREEPORT_FUZZ_SEED ?? randomInt(2 ** 31));
const BYTES = 16_000_000;
/** Measured: 190 to 270. */
const MAX_MB = 330;
/** These take the most, so every run includes them. */
const LARGEST = ['a directory of equal directories', 'a directory of directories'];

function picked(): readonly string[] {
  const others = [...HOSTILE_STREAMS.keys()].filter((name) => !LARGEST.includes(name));
  const random = new Random(SEED);
  const count = Math.min(others.length, Math.ceil(SECONDS / 20));
  while (others.length > count) others.splice(random.below(others.length), 1);
  return [...LARGEST, ...others];
}

test('large metadata takes little memory', { skip: unlessInstalled('ostree') }, async (t) => {
  t.diagnostic(`TREEPORT_FUZZ_SEED=${SEED}`);
  const folder = await tempDir(t);
  const [file, repo] = [join(folder, 'stream'), join(folder, 'repo')];
  for (const name of picked()) {
    rmSync(repo, { recursive: true, force: true });
    await must(['ostree', `--repo=${repo}`, 'init', '--mode=archive']);
    writeFileSync(file, gzipSync(HOSTILE_STREAMS.get(name)?.(BYTES) ?? '', { level: 1 }));
    const stdout = await must([
      process.execPath,
      '--semi-space-growth-factor=1',
      join(import.meta.dirname, 'import-one.ts'),
      file,
      repo,
    ]);
    const { ended, peakMB } = JSON.parse(stdout);
    t.diagnostic(`${name}: ${ended}, ${peakMB} MB`);
    assert.ok(peakMB <= MAX_MB, `${name} took ${peakMB} MB`);
  }
});

const DAMAGED =
  SECONDS < 600 ? ['a directory of directories'] : ['a directory of directories', 'a directory of files'];

test('a check of a repository without all that its metadata names takes little memory', async (t) => {
  for (const name of DAMAGED) {
    const repo = await repositoryOf(await tempDir(t), HOSTILE_STREAMS.get(name)?.(BYTES) ?? Buffer.alloc(0));
    const script = join(import.meta.dirname, 'fsck-one.ts');
    const stdout = await must([process.execPath, script, repo]);
    const { counts, peakMB } = JSON.parse(stdout);
    t.diagnostic(`${name}: ${counts.missing} missing, ${peakMB} MB`);
    assert.ok(counts.missing > 100_000, stdout);
    assert.ok(peakMB <= MAX_MB, `${name} took ${peakMB} MB`);
  }
});

/** The objects of a stream as files, unchecked. */
async function repositoryOf(folder: string, tar: Buffer): Promise<string> {
  mkdirSync(join(folder, 'objects'));
  writeFileSync(join(folder, 'config'), '[core]\nrepo_version=1\nmode=bare-user-only\n');
  for await (const { path, data } of readEntries(inPieces(tar))) {
    const file = join(folder, path.slice(REPO_PATH.length));
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, await collect(data));
  }
  return folder;
}
