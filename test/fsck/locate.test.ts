import assert from 'node:assert/strict';
import test from 'node:test';
import type { Fault } from '../../src/fsck/fault.ts';
import { locateFaults } from '../../src/fsck/locate.ts';
import type { ObjectSource } from '../../src/ostree/object-source.ts';
import { EMPTY_DIRTREE_CHECKSUM } from '../../src/tar/empty-dirtree.ts';
import { repeatedChecksum } from '../support/checksums.ts';
import { deepCommit } from '../support/deep-commit.ts';

test('a fault is located at the first path in order, at any depth', async () => {
  const { commit, rootTree, meta, source } = deepCommit(20_000);
  const names = [
    { type: 'dirtree', checksum: EMPTY_DIRTREE_CHECKSUM },
    { type: 'dirtree', checksum: rootTree },
    { type: 'dirmeta', checksum: meta },
    { type: 'file', checksum: repeatedChecksum('f') },
  ] as const;
  const faults: readonly Fault[] = names.map((object) => ({ kind: 'corrupt', object, message: '' }));
  const located = await locateFaults(source as ObjectSource, [commit], faults);
  assert.deepEqual(
    located.map(({ path }) => path),
    ['/d'.repeat(19_999), '/', '/', undefined],
  );
});
