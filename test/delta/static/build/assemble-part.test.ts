import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import test from 'node:test';
import { assemblePart } from '../../../../src/delta/static/build/assemble-part.ts';
import { decodeOperations } from '../../../../src/delta/static/operations.ts';
import { parsePayload } from '../../../../src/delta/static/part-payload.ts';
import { type PlanOptions, planDelta } from '../../../../src/delta/static/plan/plan-delta.ts';
import { openRepository, type Repository } from '../../../../src/ostree/repo/open.ts';
import { commitFiles, writeDeltaTrees } from '../../../support/delta-trees.ts';
import { mixedBytes, testFolder } from '../../../support/small-image.ts';

/** The payload of the only part, and the kinds of its operations. */
async function assembled({ objects }: Repository, options: PlanOptions) {
  const [plan] = (await planDelta(objects, options)).parts;
  assert.ok(plan !== undefined);
  const { sections, payloadSize } = (await assemblePart(plan, objects)).finish();
  const bytes = Buffer.concat(sections.map((section) => section.bytes));
  assert.equal(bytes.length, payloadSize);
  const payload = parsePayload(bytes);
  const operations = [...decodeOperations(payload.operations, plan.objects)];
  const count = (kind: string) => operations.filter((operation) => operation.kind === kind).length;
  return { payload, operations, count, sections: sections.map((section) => section.class) };
}

test('from scratch every object is spliced, and kinds of content lie apart', async (t) => {
  const { repo, to } = await writeDeltaTrees(join(await testFolder(t), 'repo'));
  const { operations, sections, payload } = await assembled(repo, { to });
  assert.ok(operations.every(({ kind }) => kind.startsWith('splice-')));
  assert.deepEqual(sections, ['tables', 'metadata', 'plain', 'x86', 'incompressible', 'tables']);
  assert.equal(payload.xattrs.length, 2);
});

test('versions of old files are patches, and other metadata alone is a copy', async (t) => {
  const { repo, from, to } = await writeDeltaTrees(join(await testFolder(t), 'repo'));
  const { count, operations } = await assembled(repo, { from, to });
  assert.equal(count('open'), 4);
  assert.equal(count('close'), 4);
  const mode = operations.find(({ kind }) => kind === 'write');
  assert.deepEqual(mode, { kind: 'write', offset: 0, length: 40_000 });
  const patched = await assembled(repo, { from, to, maxPatchBytes: 0 });
  assert.equal(patched.count('bspatch'), 0);
  assert.ok(patched.count('write') > 4);
});

test('a file that has nothing of its source is whole', async (t) => {
  const path = join(await testFolder(t), 'repo');
  const from = await commitFiles(path, { a: randomBytes(10_000) });
  const to = await commitFiles(path, { a: mixedBytes(10_000) });
  const repo = await openRepository(path);
  for (const maxPatchBytes of [0, 1_000_000]) {
    const { count } = await assembled(repo, { from, to, maxPatchBytes });
    assert.deepEqual([count('open'), count('splice-file')], [0, 1]);
  }
});

test('a blob is never empty, because clients cannot make an empty file of it', async (t) => {
  const path = join(await testFolder(t), 'repo');
  const from = await commitFiles(path, { a: 'a' });
  const to = await commitFiles(path, { a: 'a', b: '' });
  const { objects } = await openRepository(path);
  const { parts } = await planDelta(objects, { from, to, maxChunkBytes: 0 });
  const empty = parts.find((part) => part.objects[0]?.size === 0);
  assert.ok(empty !== undefined);
  const { sections } = (await assemblePart(empty, objects)).finish();
  const bytes = Buffer.concat(sections.map((section) => section.bytes));
  assert.equal(parsePayload(bytes).blob.length, 1);
});
