/**
 * An import is killed at moments of chance: each time the repository is sound, no ref leads to a commit that
 * is not whole, and the next import finishes with the layers that had landed. KILL_SEED repeats a run as far
 * as moments can be repeated.
 */
import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { rmSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import { commitTree, type TreeDirectory, type TreeNode } from '../../src/ostree/commit-tree.ts';
import { isPartial } from '../../src/ostree/partial.ts';
import { listHeads } from '../../src/ostree/refs.ts';
import { ArchiveWriter } from '../../src/ostree/repo/archive-writer.ts';
import { openRepository } from '../../src/ostree/repo/open.ts';
import { Random } from '../gvariant/random.ts';
import { chunkedTars, dealtObjects, makeImage } from '../support/chunked-images.ts';
import { startFlawedRegistry } from '../support/flawed-registry.ts';
import { initRepo, type OstreeMode } from '../support/ostree-repos.ts';
import { unlessInstalled } from '../support/programs.ts';
import { killAtChange } from './support/kill-at-change.ts';
import { must, mustTreeport } from './support/run.ts';
import { tempDir } from './support/scratch.ts';

const KILLS_PER_MODE = 15;
const COMPONENTS = 8;
const FILES = 240;
const SEED = Number(process.env.KILL_SEED ?? randomInt(2 ** 31));
const BLOB_REFS = 'ostree/container/blob/';

type Image = {
  readonly path: string;
  /** What it is imported from, in the notation of skopeo. */
  readonly place: string;
  readonly commit: string;
};

/** An OS of some megabytes that compress badly, as an image of an ostree layer and component layers. */
async function buildImage(folder: string, random: Random): Promise<Image> {
  const writer = await ArchiveWriter.create(join(folder, 'source'), { level: 1 });
  const directories = Array.from(
    { length: 12 },
    (_, at) => [`dir${at}`, directoryOf(random, FILES / 12)] as const,
  );
  const root: TreeDirectory = { kind: 'directory', mode: 0o755, entries: new Map(directories) };
  const commit = await commitTree(writer, root, { timestamp: 1_700_000_000 });
  const { objects } = await openRepository(writer.path);
  const path = join(folder, 'image');
  await makeImage(path, await chunkedTars(objects, commit, await dealtObjects(objects, commit, COMPONENTS)));
  return { path, place: `oci:${path}`, commit };
}

function directoryOf(random: Random, files: number): TreeNode {
  const entries = Array.from({ length: files }, (_, at): [string, TreeNode] => [
    `file${at}`,
    { kind: 'file', mode: 0o644, content: noise(random, 1 + random.below(100_000)) },
  ]);
  return { kind: 'directory', mode: 0o755, entries: new Map(entries) };
}

function noise(random: Random, size: number): Buffer {
  const words = new Uint32Array(Math.ceil(size / 4)).map(() => random.next());
  return Buffer.from(words.buffer, 0, size);
}

function importWords(repo: string, image: Image): readonly string[] {
  const words = ['container', 'unencapsulate', '--repo', repo, '--write-ref', 'os', '--json'];
  return [...words, '--insecure-skip-tls-verification', `ostree-unverified-image:${image.place}`];
}

/**
 * The refs; every commit that can be seen is whole, but for those that are marked partial, and no ref leads
 * to one of these.
 */
async function soundRefs(path: string): Promise<readonly string[]> {
  await must(['ostree', `--repo=${path}`, 'fsck', '--quiet', '--all']);
  const repo = await openRepository(path);
  const refs = await listHeads(repo);
  for (const [ref, commit] of refs) {
    assert.ok(await repo.objects.has({ type: 'commit', checksum: commit }), `${ref} leads to nothing`);
    assert.ok(!isPartial(repo, commit), `${ref} leads to a partial commit`);
  }
  return [...refs.keys()];
}

type Counts = { landed: number; finished: number };

/** Kills one import in a new repository, and lets the next one finish. */
async function killOnce(
  repo: string,
  mode: OstreeMode,
  image: Image,
  change: number,
  counts: Counts,
): Promise<void> {
  await initRepo(repo, mode);
  await killAtChange(importWords(repo, image), [repo], change);
  const refs = await soundRefs(repo);
  const landed = refs.filter((ref) => ref.startsWith(BLOB_REFS)).length;
  const finished = refs.includes('os');
  counts.landed += landed > 0 && !finished ? 1 : 0;
  counts.finished += finished ? 1 : 0;

  const events = (await mustTreeport(importWords(repo, image))).split('\n').map((line) => JSON.parse(line));
  const report = events.at(-1);
  assert.equal(report.commit, image.commit);
  assert.equal(report.fetched + report.cached, 1 + COMPONENTS);
  assert.ok(report.cached >= landed, `${landed} layers had landed: ${JSON.stringify(report)}`);
  assert.ok((await soundRefs(repo)).includes('os'));
  assert.deepEqual(await readdir(join(repo, 'state')), []);
  rmSync(repo, { recursive: true });
}

test('imports that are killed', {
  concurrency: 2,
  skip: unlessInstalled('ostree', 'skopeo'),
  timeout: 600_000,
}, async (t) => {
  t.diagnostic(`KILL_SEED=${SEED}`);
  const folder = await tempDir(t);
  const inFiles = await buildImage(folder, new Random(1));
  const registry = await startFlawedRegistry(t, inFiles.path, { late: 10 });
  const lanes = [
    { mode: 'archive', image: inFiles },
    { mode: 'bare-user', image: { ...inFiles, place: `docker://${registry.name}` } },
  ] as const;
  await Promise.all(
    lanes.map(({ mode, image }, lane) =>
      t.test(`from ${image.place} into a repository of mode ${mode}`, async (t) => {
        const random = new Random(SEED + lane);
        const first = await initRepo(join(folder, `${mode}-whole`), mode);
        const { isDone, changes: whole } = await killAtChange(
          importWords(first, image),
          [first],
          Number.POSITIVE_INFINITY,
        );
        assert.ok(isDone);
        const counts: Counts = { landed: 0, finished: 0 };
        for (let kill = 0; kill < KILLS_PER_MODE; kill++) {
          const change = 1 + random.below(whole);
          await killOnce(join(folder, mode), mode, image, change, counts);
        }
        t.diagnostic(`${KILLS_PER_MODE} kills within ${whole} changes: ${JSON.stringify(counts)}`);
        assert.ok(counts.landed > 0, 'no kill came between the first layer and the last');
      }),
    ),
  );
});
