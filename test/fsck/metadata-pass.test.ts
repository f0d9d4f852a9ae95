import assert from 'node:assert/strict';
import test from 'node:test';
import { runMetadataPass } from '../../src/fsck/metadata-pass.ts';
import type { ObjectSource } from '../../src/ostree/object-source.ts';
import { EMPTY_DIRTREE_CHECKSUM } from '../../src/tar/empty-dirtree.ts';
import { deepCommit } from '../support/deep-commit.ts';

test('a tree that is too deep is a fault of the first dirtree below the limit', async () => {
  const { commit, source } = deepCommit(2048);
  const { faults, metadataCount } = await runMetadataPass(source as ObjectSource, [commit]);
  assert.equal(metadataCount, 2050);
  assert.deepEqual(
    faults.map(({ kind, object }) => [kind, object]),
    [['corrupt', { type: 'dirtree', checksum: EMPTY_DIRTREE_CHECKSUM }]],
  );
  assert.match(faults[0]?.message ?? '', /\.dirtree lies more than 2047 directories deep/);
  const allowed = deepCommit(2047);
  assert.deepEqual((await runMetadataPass(allowed.source as ObjectSource, [allowed.commit])).faults, []);
});

test('trees of any depth and width are checked', async () => {
  const deep = deepCommit(20_000);
  assert.equal((await runMetadataPass(deep.source as ObjectSource, [deep.commit])).faults.length, 1);
  const names = Array.from({ length: 150_000 }, (_, index) => String(index).padStart(6, '0'));
  const wide = deepCommit(2, names);
  const { faults, metadataCount } = await runMetadataPass(wide.source as ObjectSource, [wide.commit]);
  assert.deepEqual([faults.length, metadataCount], [0, 4]);
});
