/**
 * Static deltas of random pairs of trees, with random options: ostree of both generations applies ours.
 * TREEPORT_DELTA_PAIRS makes more of them, PAIR_SEED repeats a run.
 */
import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import type { Checksum } from '../../src/ostree/checksum.ts';
import { commitTree } from '../../src/ostree/commit-tree.ts';
import { ArchiveWriter } from '../../src/ostree/repo/archive-writer.ts';
import { Random } from '../gvariant/random.ts';
import { unlessInstalled } from '../support/programs.ts';
import { randomTreePair } from '../support/random-trees.ts';
import { newRepo, ostreeFsck, treeListing } from './support/import-repo.ts';
import { newerOstree } from './support/newer-ostree.ts';
import { must, mustTreeport } from './support/run.ts';
import { tempDir } from './support/scratch.ts';
import { serve } from './support/serve.ts';

const skip = unlessInstalled('ostree');
const timeout = 600_000;
const PAIRS = Number(process.env.TREEPORT_DELTA_PAIRS ?? 4);
const SEED = Number(process.env.PAIR_SEED ?? randomInt(2 ** 31));

type Pair = {
  readonly ref: string;
  readonly from: Checksum;
  readonly to: Checksum;
  /** Options of generation. */
  readonly words: readonly string[];
  readonly isEmpty: boolean;
};

type Ostree = (words: readonly string[]) => Promise<string>;

async function writePairs(path: string): Promise<readonly Pair[]> {
  const writer = await ArchiveWriter.create(path, { level: 1 });
  const pairs: Pair[] = [];
  for (let index = 0; index < PAIRS; index++) {
    const random = new Random(SEED + index);
    const { before, after } = randomTreePair(random.next());
    const ref = `pair-${index}`;
    const from = await commitTree(writer, before, { timestamp: 1_700_000_000 });
    const to = await commitTree(writer, after, { timestamp: 1_700_000_100, parent: from });
    await writer.ref(ref, to);
    const isEmpty = random.below(3) === 0;
    pairs.push({ ref, from, to, words: randomWords(random), isEmpty });
  }
  return pairs;
}

function randomWords(random: Random): readonly string[] {
  const maybe = (...words: readonly string[]) => (random.below(3) === 0 ? words : []);
  return [
    `--profile=${random.pick(['fast', 'fast', 'balanced', 'small'])}`,
    ...maybe(`--min-fallback-size=${random.below(3)}`),
    ...maybe(`--max-chunk-size=${random.below(2)}`),
    ...maybe('--inline'),
    ...maybe('--set-endianness=B'),
    ...maybe('--disable-bsdiff'),
  ];
}

/** This machine's ostree, and the newer one if it can be had. */
async function generations(t: TestContext, folder: string): Promise<ReadonlyMap<string, Ostree>> {
  const newer = await newerOstree();
  if ('obstacle' in newer) t.diagnostic(`only this machine's ostree: ${newer.obstacle}`);
  const own: Ostree = (words) => must(['ostree', ...words]);
  return new Map([
    ['here', own],
    ...('obstacle' in newer
      ? []
      : [['newer', (words: readonly string[]) => newer.ostree(folder, words)] as const]),
  ]);
}

/** A repository of a client that has the base of the pair. */
async function clientOf(path: string, source: string, { from, ref, isEmpty }: Pair): Promise<string> {
  const client = await newRepo(path, 'bare-user');
  if (isEmpty) return client;
  await must(['ostree', `--repo=${client}`, 'pull-local', source, from]);
  await must(['ostree', `--repo=${client}`, 'refs', `--create=origin:${ref}`, from]);
  return client;
}

test(`ostree applies our deltas of random trees, seed ${SEED}`, { skip, timeout }, async (t) => {
  const folder = await tempDir(t);
  const path = join(folder, 'repo');
  const pairs = await writePairs(path);
  for (const { ref, from, words, isEmpty } of pairs) {
    const base = isEmpty ? ['--empty'] : ['--from', from];
    await mustTreeport(['delta', 'generate', '--quiet', '--repo', path, ...words, ...base, ref]);
  }
  const { repo: url } = await serve(t, path);
  for (const [generation, ostree] of await generations(t, folder)) {
    await mkdir(join(folder, generation));
    for (const pair of pairs) {
      const { ref, to, words } = pair;
      const client = await clientOf(join(folder, generation, ref), path, pair);
      await ostree([`--repo=${client}`, 'remote', 'add', '--no-gpg-verify', 'origin', url]);
      await ostree([`--repo=${client}`, 'pull', '--require-static-deltas', 'origin', ref]);
      await ostreeFsck(client);
      const what = `${generation}: ${ref} ${words.join(' ')}`;
      assert.equal(await treeListing(client, to), await treeListing(path, to), what);
    }
  }
});

test(`ostree applies them offline, seed ${SEED}`, { skip, timeout }, async (t) => {
  const folder = await tempDir(t);
  const path = join(folder, 'repo');
  const pairs = await writePairs(path);
  for (const [generation, ostree] of await generations(t, folder)) {
    for (const pair of pairs) {
      const { ref, from, to, isEmpty } = pair;
      const words = pair.words.filter((word) => !word.startsWith('--min-fallback-size'));
      const place = join(folder, `${generation}-${ref}`);
      await mkdir(place);
      const superblock = ['--filename', join(place, 'superblock'), '--min-fallback-size=0'];
      const base = isEmpty ? ['--empty'] : ['--from', from];
      await mustTreeport([
        'delta',
        'generate',
        '--quiet',
        '--repo',
        path,
        ...superblock,
        ...words,
        ...base,
        ref,
      ]);
      const client = await clientOf(join(place, 'client'), path, pair);
      await ostree([`--repo=${client}`, 'static-delta', 'apply-offline', place]);
      await ostreeFsck(client);
      assert.equal(await treeListing(client, to), await treeListing(path, to), `${generation}: ${ref}`);
    }
  }
});
