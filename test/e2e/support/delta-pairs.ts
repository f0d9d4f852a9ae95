/**
 * Random pairs of commits with random options of `static-delta generate`, and the generations of ostree that
 * apply their deltas. TREEPORT_DELTA_PAIRS makes more of them, PAIR_SEED repeats a run.
 */
import { randomInt } from 'node:crypto';
import type { TestContext } from 'node:test';
import type { Checksum } from '../../../src/ostree/checksum.ts';
import { commitTree } from '../../../src/ostree/commit-tree.ts';
import { ArchiveWriter } from '../../../src/ostree/repo/archive-writer.ts';
import { Random } from '../../gvariant/random.ts';
import { randomTreePair } from '../../support/random-trees.ts';
import { newRepo } from './import-repo.ts';
import { newerOstree } from './newer-ostree.ts';
import { must } from './run.ts';

const PAIRS = Number(process.env.TREEPORT_DELTA_PAIRS ?? 4);
export const PAIR_SEED: number = Number(process.env.PAIR_SEED ?? randomInt(2 ** 31));

export type DeltaPair = {
  readonly ref: string;
  readonly from: Checksum;
  readonly to: Checksum;
  /** Options that ostree and treeport know. */
  readonly words: readonly string[];
  /** An option of treeport alone. */
  readonly profile: string;
  readonly isEmpty: boolean;
};

export type Ostree = (words: readonly string[]) => Promise<string>;

export async function writePairs(path: string): Promise<readonly DeltaPair[]> {
  const writer = await ArchiveWriter.create(path, { level: 1 });
  const pairs: DeltaPair[] = [];
  for (let index = 0; index < PAIRS; index++) {
    const random = new Random(PAIR_SEED + index);
    const { before, after } = randomTreePair(random.next());
    const ref = `pair-${index}`;
    const from = await commitTree(writer, before, { timestamp: 1_700_000_000 });
    const to = await commitTree(writer, after, { timestamp: 1_700_000_100, parent: from });
    await writer.ref(ref, to);
    const isEmpty = random.below(3) === 0;
    const profile = `--profile=${random.pick(['fast', 'fast', 'balanced', 'small'])}`;
    pairs.push({ ref, from, to, words: randomWords(random), profile, isEmpty });
  }
  return pairs;
}

function randomWords(random: Random): readonly string[] {
  const maybe = (...words: readonly string[]) => (random.below(3) === 0 ? words : []);
  return [
    ...maybe(`--min-fallback-size=${random.below(3)}`),
    ...maybe(`--max-chunk-size=${random.below(2)}`),
    ...maybe('--inline'),
    ...maybe('--set-endianness=B'),
    ...maybe('--disable-bsdiff'),
  ];
}

/** This machine's ostree, and the newer one if it can be had. */
export async function generations(t: TestContext, folder: string): Promise<ReadonlyMap<string, Ostree>> {
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
export async function clientOf(
  path: string,
  source: string,
  { from, ref, isEmpty }: DeltaPair,
  mode: 'bare-user' | 'archive' = 'bare-user',
): Promise<string> {
  const client = await newRepo(path, mode);
  if (isEmpty) return client;
  await must(['ostree', `--repo=${client}`, 'pull-local', source, from]);
  await must(['ostree', `--repo=${client}`, 'refs', `--create=origin:${ref}`, from]);
  return client;
}
