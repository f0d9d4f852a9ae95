import assert from 'node:assert/strict';
import test from 'node:test';
import { FaultList } from '../../src/fsck/fault-list.ts';
import { runMetadataPass } from '../../src/fsck/metadata-pass.ts';
import type { ObjectSource } from '../../src/ostree/object-source.ts';
import { EMPTY_DIRTREE_CHECKSUM } from '../../src/tar/empty-dirtree.ts';
import { deepCommit } from '../support/deep-commit.ts';

async function pass({ source, commit }: ReturnType<typeof deepCommit>) {
  const found = new FaultList();
  const { metadataCount } = await runMetadataPass(source as ObjectSource, [commit], found);
  return { faults: found.listed, metadataCount };
}

test('a tree that is too deep is a fault of the first dirtree below the limit', async () => {
  const { faults, metadataCount } = await pass(deepCommit(2048));
  assert.equal(metadataCount, 2050);
  assert.deepEqual(
    faults.map(({ kind, object }) => [kind, object]),
    [['corrupt', { type: 'dirtree', checksum: EMPTY_DIRTREE_CHECKSUM }]],
  );
  assert.match(faults[0]?.message ?? '', /\.dirtree lies more than 2047 directories deep/);
  assert.deepEqual((await pass(deepCommit(2047))).faults, []);
});

test('trees of any depth and width are checked', async () => {
  assert.equal((await pass(deepCommit(20_000))).faults.length, 1);
  const names = Array.from({ length: 150_000 }, (_, index) => String(index).padStart(6, '0'));
  const { faults, metadataCount } = await pass(deepCommit(2, names));
  assert.deepEqual([faults.length, metadataCount], [0, 4]);
});
