/** Limits of ostree clients that hold for every part, whatever the trees and options. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { assemblePart } from '../../../../src/delta/static/build/assemble-part.ts';
import { packPart } from '../../../../src/delta/static/build/pack-part.ts';
import { PACKINGS } from '../../../../src/delta/static/build/profiles.ts';
import { announcedSize } from '../../../../src/delta/static/generate/built-part.ts';
import { type PartPlan, partSize } from '../../../../src/delta/static/plan/delta-plan.ts';
import { type PlanOptions, planDelta } from '../../../../src/delta/static/plan/plan-delta.ts';
import { commitTree } from '../../../../src/ostree/commit-tree.ts';
import { ArchiveWriter } from '../../../../src/ostree/repo/archive-writer.ts';
import { openRepository, type Repository } from '../../../../src/ostree/repo/open.ts';
import { Random } from '../../../gvariant/random.ts';
import { repeatedChecksum } from '../../../support/checksums.ts';
import { commitFiles } from '../../../support/delta-trees.ts';
import { randomTreePair } from '../../../support/random-trees.ts';
import { testFolder } from '../../../support/small-image.ts';

const SEED = Number(process.env.SEED ?? 20);
const PAIRS = 4;
const MAX_DICTIONARY = 64 * 1024 * 1024;

function isAccepted({ objects }: PartPlan, usize: number, payloadSize: number): boolean {
  return payloadSize <= usize + Math.floor(usize / 32) + 4096 + 65_792 * objects.length;
}

function planOf(sizes: readonly number[]): PartPlan {
  const checksum = repeatedChecksum('ab');
  return { objects: sizes.map((size) => ({ type: 'file', checksum, size })) };
}

test('a payload of any size is accepted, and no more is announced than needed', () => {
  const random = new Random(SEED);
  const sizes = [
    0,
    1,
    4096,
    69_888,
    69_889,
    10 ** 6,
    10 ** 9,
    ...random.list(200, () => random.below(2 ** 31)),
  ];
  for (const payloadSize of sizes) {
    for (const plan of [planOf([]), planOf([0]), planOf([1, 2]), planOf([payloadSize])]) {
      const usize = announcedSize(plan, payloadSize);
      assert.ok(isAccepted(plan, usize, payloadSize), `${payloadSize} in ${partSize(plan)}`);
      assert.ok(usize === partSize(plan) || !isAccepted(plan, usize - 3, payloadSize), `${payloadSize}`);
    }
  }
});

/** Assembles every part, and checks it as clients do. */
async function checkParts({ objects }: Repository, options: PlanOptions): Promise<number> {
  const grown = { parts: 0 };
  for (const plan of (await planDelta(objects, options)).parts) {
    const content = (await assemblePart(plan, objects)).finish();
    const usize = announcedSize(plan, content.payloadSize);
    assert.ok(isAccepted(plan, usize, content.payloadSize), `${content.payloadSize} in ${partSize(plan)}`);
    if (usize > partSize(plan)) grown.parts += 1;
    // Clients map uncompressed parts above 16 KiB at an offset that mmap refuses.
    const [first] = packPart(content, PACKINGS.fast);
    assert.equal(first?.toString(), 'x');
  }
  return grown.parts;
}

test('so are the payloads of random trees', async (t) => {
  for (let seed = SEED; seed < SEED + PAIRS; seed++) {
    const random = new Random(seed);
    const path = join(await testFolder(t), 'repo');
    const writer = await ArchiveWriter.create(path);
    const { before, after } = randomTreePair(seed);
    const from = await commitTree(writer, before, { timestamp: 1 });
    const to = await commitTree(writer, after, { timestamp: 2, parent: from });
    const repo = await openRepository(path);
    const options = {
      maxChunkBytes: random.pick([0, 100_000, 32_000_000]),
      maxPatchBytes: random.pick([0, 128_000_000]),
    };
    await checkParts(repo, { to, ...options });
    await checkParts(repo, { from, to, ...options });
  }
});

test('so is one large program of which much has changed', async (t) => {
  const path = join(await testFolder(t), 'repo');
  const program = readFileSync(process.execPath).subarray(0, 8_000_000);
  const edited = Buffer.from(program);
  // Many short stretches, each of which costs a patch 24 bytes.
  const pieces: Buffer[] = [];
  for (let at = 0; at < edited.length; at += 80)
    pieces.push(edited.subarray(at, at + 80), Buffer.from('new'));
  const from = await commitFiles(path, { program });
  const to = await commitFiles(path, { program: Buffer.concat(pieces) }, from);
  const repo = await openRepository(path);
  assert.equal(await checkParts(repo, { from, to }), 1, 'the patch is larger than the limit without it');
});

test('dictionaries are no larger than clients may allocate', () => {
  for (const packing of Object.values(PACKINGS))
    for (const { lzma2 } of Object.values(packing)) assert.ok(lzma2.dictionarySize <= MAX_DICTIONARY);
});
