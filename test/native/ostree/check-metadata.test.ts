import assert from 'node:assert/strict';
import test from 'node:test';
import { metadataChecksum } from '../../../src/ostree/verify.ts';
import { tempDir } from '../../e2e/support/scratch.ts';
import { coded } from '../../support/expect.ts';
import {
  assertEmpty,
  commitToArchive,
  objectsOf,
  started,
  unlessLibostree,
} from '../../support/libostree.ts';
import { treeOf } from '../../support/libostree-trees.ts';

const skip = unlessLibostree();

test('metadata with another id, or malformed', { skip }, async (t) => {
  const { repo, transaction } = await started(t);
  const folder = await tempDir(t);
  const source = await commitToArchive(folder, treeOf('archive'));
  const wrong = 'a'.repeat(64);
  const commit = await source.repo.objects.metadata('commit', source.commit);
  await assert.rejects(transaction.metadata('commit', wrong, commit), coded('ERR_OBJECT_CORRUPT', wrong));
  for (const type of ['commit', 'dirtree', 'dirmeta'] as const) {
    const garbage = Buffer.from(`garbage for a ${type}`);
    const given = transaction.metadata(type, metadataChecksum(garbage), garbage);
    await assert.rejects(given, coded('ERR_OBJECT_CORRUPT', type));
  }
  await assert.rejects(
    transaction.detachedMetadata(wrong, Buffer.from('no dict')),
    coded('ERR_OBJECT_CORRUPT', 'commitmeta'),
  );
  const dirmeta = (await objectsOf(source)).find(({ type }) => type === 'dirmeta');
  const bytes = await source.repo.objects.metadata('dirmeta', dirmeta?.checksum as string);
  await transaction.metadata('dirmeta', wrong, bytes);
  await assert.rejects(transaction.commit(), coded('ERR_OBJECT_CORRUPT', `${wrong}.dirmeta`));
  await assertEmpty(repo.path);
  repo.close();
});

test('metadata that is too large', { skip }, async (t) => {
  const { repo, transaction } = await started(t);
  const large = new Uint8Array(128 * 1024 * 1024 + 1);
  await assert.rejects(
    transaction.metadata('dirtree', 'a'.repeat(64), large),
    coded('ERR_OBJECT_TOO_LARGE', `${'a'.repeat(64)}.dirtree`),
  );
  await transaction.abort();
  repo.close();
});
