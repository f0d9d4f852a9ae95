import assert from 'node:assert/strict';
import { copyFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { parseSuperblock } from '../../../src/delta/static/superblock.ts';
import { buildVirtualDeltas } from '../../../src/delta/virtual/build-virtual-deltas.ts';
import { PartMaker } from '../../../src/delta/virtual/part-maker.ts';
import type { PartPiece } from '../../../src/delta/virtual/part-thread.ts';
import {
  PACKING_VERSIONS,
  parseVirtualDelta,
  VIRTUAL_PROFILES,
} from '../../../src/delta/virtual/virtual-delta.ts';
import { type Checksum, checksumOf } from '../../../src/ostree/checksum.ts';
import { loosePath } from '../../../src/ostree/object-name.ts';
import { reachableObjects } from '../../../src/ostree/walk.ts';
import { must } from '../../e2e/support/run.ts';
import { writeDeltaTrees } from '../../support/delta-trees.ts';
import { initRepo } from '../../support/ostree-repos.ts';
import { unlessInstalled } from '../../support/programs.ts';
import { testFolder } from '../../support/small-image.ts';

function makerOf(t: TestContext, options = {}) {
  const maker = new PartMaker(options);
  t.after(() => maker.close());
  return maker;
}

async function built(t: TestContext) {
  const trees = await writeDeltaTrees(join(await testFolder(t), 'repo'));
  const maker = makerOf(t);
  const parts: { readonly checksum: Checksum; readonly bytes: Buffer }[] = [];
  const deltas = await buildVirtualDeltas(trees.repo.objects, trees.to, {
    profiles: VIRTUAL_PROFILES,
    maker,
    onPart: async (checksum, pieces) => void parts.push({ checksum, bytes: Buffer.concat(pieces) }),
  });
  return { ...trees, maker, deltas, parts };
}

test('superblocks list every object of the commit once', async (t) => {
  const { repo, to, deltas } = await built(t);
  const expected: string[] = [];
  for await (const { type, checksum } of reachableObjects(repo.objects, to))
    if (type !== 'commit') expected.push(`${checksum}.${type}`);
  for (const { superblock, profile, parts } of deltas) {
    const listed = parts.flatMap(({ objects }) => objects.map(({ type, checksum }) => `${checksum}.${type}`));
    assert.deepEqual(listed.toSorted(), expected.toSorted(), profile);
    const { timestamp, from, fallbacks } = parseSuperblock(superblock);
    assert.deepEqual([timestamp, from, fallbacks], [1_700_001_000, undefined, []]);
  }
  assert.deepEqual(
    deltas.map(({ profile, packing }) => [profile, packing]),
    [
      ['wan', PACKING_VERSIONS.wan],
      ['lan', PACKING_VERSIONS.lan],
    ],
  );
});

test('a part is made again bit for bit, by threads of low priority too', async (t) => {
  const { repo, deltas, maker } = await built(t);
  const calm = makerOf(t, { threads: 1, isCalm: true });
  for (const { parts, profile } of deltas) {
    for (const part of parts) {
      for (const each of [maker, calm]) {
        const { objects } = part;
        const pieces: PartPiece[] = [];
        for await (const piece of each.pieces(repo.objects, { objects, profile, verify: 'metadata' }))
          pieces.push(piece);
        const made = Buffer.concat(pieces.map(({ bytes }) => bytes));
        assert.deepEqual([pieces.at(-1)?.checksum, made.length], [part.checksum, part.size]);
        assert.equal(checksumOf(made), part.checksum);
        const [measured] = await each.measure(repo.objects, objects, [profile]);
        assert.deepEqual(measured, { checksum: part.checksum, size: part.size });
      }
    }
  }
});

test('stock ostree applies both profiles', { skip: unlessInstalled('ostree') }, async (t) => {
  const { deltas, to, parts } = await built(t);
  const folder = await testFolder(t);
  for (const delta of deltas) {
    const target = join(folder, delta.profile);
    const repo = await initRepo(`${target}-repo`, 'bare-user');
    writeFileSync(target, delta.superblock);
    for (const [index, { checksum }] of delta.parts.entries()) {
      const part = parts.find((made) => made.checksum === checksum);
      assert.ok(part !== undefined);
      writeFileSync(join(folder, String(index)), part.bytes);
    }
    await must(['ostree', `--repo=${repo}`, 'static-delta', 'apply-offline', target]);
    await must(['ostree', `--repo=${repo}`, 'refs', '--create=os', to]);
    await must(['ostree', `--repo=${repo}`, 'fsck']);
  }
});

test('a corrupt or missing object fails the build', async (t) => {
  const { repo, to, deltas, maker } = await built(t);
  const files = deltas[0]?.parts.flatMap(({ objects }) => objects).filter(({ type }) => type === 'file');
  const [path, other] = (files ?? []).map(({ checksum }) =>
    join(repo.path, loosePath(checksum, 'filez')),
  ) as [string, string];
  const again = () => buildVirtualDeltas(repo.objects, to, { profiles: ['lan'], maker });
  copyFileSync(other, path);
  await assert.rejects(again(), { code: 'ERR_OBJECT_CORRUPT' });
  rmSync(path);
  await assert.rejects(again(), { code: 'ERR_OBJECT_MISSING' });
});

test('other superblocks are not taken for those of virtual deltas', async (t) => {
  const { deltas } = await built(t);
  const superblock = deltas[0]?.superblock as Buffer;
  const text = superblock.toString('latin1').replace('wan 4', 'fan 4');
  assert.throws(() => parseVirtualDelta(Buffer.from(text, 'latin1')), { code: 'ERR_DELTA_CORRUPT' });
});
