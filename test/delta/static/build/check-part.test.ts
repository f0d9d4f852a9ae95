import assert from 'node:assert/strict';
import { join } from 'node:path';
import test from 'node:test';
import { assemblePart } from '../../../../src/delta/static/build/assemble-part.ts';
import { checkPart } from '../../../../src/delta/static/build/check-part.ts';
import { packPart } from '../../../../src/delta/static/build/pack-part.ts';
import { PACKINGS } from '../../../../src/delta/static/build/profiles.ts';
import { planDelta } from '../../../../src/delta/static/plan/plan-delta.ts';
import { checksumOf } from '../../../../src/ostree/checksum.ts';
import { writeDeltaTrees } from '../../../support/delta-trees.ts';
import { testFolder } from '../../../support/small-image.ts';

test('a part that lacks an object or has another one is discarded', async (t) => {
  const { repo, to } = await writeDeltaTrees(join(await testFolder(t), 'repo'));
  const [plan] = (await planDelta(repo.objects, { to })).parts;
  assert.ok(plan !== undefined);
  const content = (await assemblePart(plan, repo.objects)).finish();
  const file = Buffer.concat([...packPart(content, PACKINGS.fast)]);
  const header = { version: 0, checksum: checksumOf(file), size: file.length, usize: 1_000_000 };
  const check = (objects: typeof plan.objects) =>
    checkPart({
      header: { ...header, objects },
      file,
      payloadSize: content.payloadSize,
      base: repo.objects,
      what: 'part 0',
    });
  await check(plan.objects);
  const code = 'ERR_DELTA_SELF_CHECK';
  const wrong = [plan.objects.slice(1), [...plan.objects, ...plan.objects], plan.objects.toReversed()];
  for (const objects of wrong) await assert.rejects(check(objects), { code, message: /discarded.*part 0/ });
});
