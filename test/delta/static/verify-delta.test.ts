import assert from 'node:assert/strict';
import test, { type TestContext } from 'node:test';
import type { ErrorCode } from '../../../src/base/error-codes.ts';
import { openDeltaFile, openStoredDelta, type StaticDelta } from '../../../src/delta/static/open-delta.ts';
import { verifyDelta } from '../../../src/delta/static/verify-delta.ts';
import { parseChecksum } from '../../../src/ostree/checksum.ts';
import { listDeltas } from '../../../src/ostree/delta-list.ts';
import type { ObjectName } from '../../../src/ostree/object-name.ts';
import type { ObjectSource } from '../../../src/ostree/object-source.ts';
import { openRepository } from '../../../src/ostree/repo/open.ts';
import { DELTA_FIXTURES, deltaFixturePath, deltaRepository } from '../../support/delta-fixtures.ts';
import { coded } from '../../support/expect.ts';

/** What is wrong with the crafted deltas that ostree 2022.7 refuses, or takes and makes nothing of. */
const BAD: ReadonlyMap<string, readonly [ErrorCode, string]> = new Map([
  ['crafted/badoffset', ['ERR_DELTA_CORRUPT', 'reads 200300 bytes at 1001213880 of the blob']],
  ['crafted/missingop', ['ERR_DELTA_CORRUPT', 'part 0']],
  ['crafted/notnormal', ['ERR_DELTA_CORRUPT', 'not in normal form']],
  ['crafted/version1', ['ERR_DELTA_VERSION', 'version 1']],
  ['crafted/wrongcontent', ['ERR_DELTA_CORRUPT', 'is listed']],
  ['crafted/wrongsum', ['ERR_DELTA_PART', 'its header says']],
  ['crafted/xz-dict1g', ['ERR_XZ', 'part 0']],
  ['crafted/xz-trail', ['ERR_DELTA_CORRUPT', '5 bytes follow']],
  ['crafted/xz-twostreams', ['ERR_DELTA_CORRUPT', 'bytes follow']],
]);

async function objectsOf(t: TestContext): Promise<ObjectSource> {
  return (await openRepository(deltaRepository(t))).objects;
}

/** The delta with other metadata, parts and so on, in memory. */
function changed(delta: StaticDelta, other: Partial<StaticDelta['parsed']>): StaticDelta {
  return { ...delta, parsed: { ...delta.parsed, ...other } };
}

test('sound deltas are verified, crafted bad ones end in their errors', async (t) => {
  const objects = await objectsOf(t);
  for (const fixture of DELTA_FIXTURES) {
    const delta = openDeltaFile(deltaFixturePath(fixture));
    const bad = BAD.get(fixture);
    if (bad === undefined) await verifyDelta(delta, objects);
    else await assert.rejects(verifyDelta(delta, objects), coded(...bad, fixture));
  }
});

test('the deltas of a repository are verified', async (t) => {
  const repo = deltaRepository(t);
  const { objects } = await openRepository(repo);
  for (const { name } of await listDeltas(repo)) await verifyDelta(openStoredDelta(repo, name), objects);
});

test('without the commit that it starts from, a delta cannot be verified', async (t) => {
  const objects = await objectsOf(t);
  const delta = openDeltaFile(deltaFixturePath('variants/from-to-inline'));
  const from = parseChecksum('ab'.repeat(32));
  await assert.rejects(
    verifyDelta(changed(delta, { from }), objects),
    coded('ERR_DELTA_BASE', from, 'does not have in full'),
  );
});

test('a delta that leaves an object out is refused', async (t) => {
  const objects = await objectsOf(t);
  const delta = openDeltaFile(deltaFixturePath('variants/from-to-fallback'));
  await assert.rejects(
    verifyDelta(changed(delta, { fallbacks: [] }), objects),
    coded('ERR_DELTA_INCOMPLETE', '3da1fcc36b545328'),
  );
  const scratch = openDeltaFile(deltaFixturePath('variants/scratch-parts'));
  const parts = scratch.parsed.parts.slice(1);
  const less = { ...changed(scratch, { parts }), partFile: (index: number) => scratch.partFile(index + 1) };
  await assert.rejects(verifyDelta(less, objects), coded('ERR_DELTA_INCOMPLETE', '.dir'));
});

test('an object that is listed twice and a fallback that is no file are refused', async (t) => {
  const objects = await objectsOf(t);
  const delta = openDeltaFile(deltaFixturePath('variants/from-to-fallback'));
  const { fallbacks, parts } = delta.parsed;
  await assert.rejects(
    verifyDelta(changed(delta, { fallbacks: [...fallbacks, ...fallbacks] }), objects),
    coded('ERR_DELTA_CORRUPT', 'twice'),
  );
  const [object] = parts[0]?.objects ?? [];
  assert.ok(object?.type === 'dirtree');
  const wrong = [{ object, size: 1, usize: 1 }];
  await assert.rejects(
    verifyDelta(changed(delta, { fallbacks: wrong }), objects),
    coded('ERR_DELTA_CORRUPT', 'must be a file'),
  );
});

test('a file that is left to be fetched must be in the repository', async (t) => {
  const objects = await objectsOf(t);
  const delta = openDeltaFile(deltaFixturePath('variants/from-to-fallback'));
  const [fallback] = delta.parsed.fallbacks;
  assert.ok(fallback !== undefined);
  const without = {
    content: objects.content.bind(objects),
    metadata: objects.metadata.bind(objects),
    has: async ({ checksum }: ObjectName) => checksum !== fallback.object.checksum,
  };
  await assert.rejects(
    verifyDelta(delta, without),
    coded('ERR_DELTA_INCOMPLETE', fallback.object.checksum, '--min-fallback-size=0'),
  );
});

test('files that clients need not have are no sources', async (t) => {
  const objects = await objectsOf(t);
  // The patched files are read from C1, and the delta now claims to start from nothing.
  const delta = openDeltaFile(deltaFixturePath('variants/from-to-bigendian'));
  await assert.rejects(
    verifyDelta(changed(delta, { from: undefined }), objects),
    coded('ERR_DELTA_CORRUPT', 'is not in the commit that the delta starts from'),
  );
});
