import assert from 'node:assert/strict';
import { join } from 'node:path';
import test from 'node:test';
import { TreeportError } from '../../../src/base/errors.ts';
import { openRepository } from '../../../src/ostree/repo/open.ts';
import type { ExportTarget } from '../../../src/server/export/export-target.ts';
import { NeededSpace } from '../../../src/server/export/needed-space.ts';
import { coded } from '../../support/expect.ts';
import { writeOstreeFixture } from '../../support/ostree-fixture.ts';
import { testFolder } from '../../support/small-image.ts';

test('a full medium is told by how much, or what else needs room', async (t) => {
  const folder = await testFolder(t);
  const { path, commit } = await writeOstreeFixture(join(folder, 'repo'));
  const repo = await openRepository(path);
  const name = { type: 'commit', checksum: commit } as const;
  const target = { path: folder, has: () => false } as unknown as ExportTarget;
  const space = await NeededSpace.measure(repo, target, [name]);
  const full = new TreeportError('ERR_DISK_FULL', 'no space left to write x');
  const explained = () => {
    throw space.explain(full);
  };
  assert.throws(explained, coded('ERR_DISK_FULL', 'no space left to write x; up to ', 'kB more are needed'));
  space.written(name);
  assert.throws(explained, coded('ERR_DISK_FULL', '; room for refs and the summary is needed; '));
  const other = new TreeportError('ERR_IO', 'x');
  assert.equal(space.explain(other), other);
});
