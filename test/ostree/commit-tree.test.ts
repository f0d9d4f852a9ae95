import assert from 'node:assert/strict';
import test from 'node:test';
import { loadCommitObject, loadDirmeta } from '../../src/ostree/load.ts';
import { openRepository } from '../../src/ostree/repo/open.ts';
import { walkTree } from '../../src/ostree/walk.ts';
import { tempDir } from '../e2e/support/scratch.ts';
import {
  FIXTURE_COMMIT,
  FIXTURE_OBJECTS,
  FIXTURE_UPDATE_COMMIT,
  updateOstreeFixture,
  writeOstreeFixture,
} from '../support/ostree-fixture.ts';

test("ostree-ext's fixture gets its known ids", async (t) => {
  const fixture = await writeOstreeFixture(await tempDir(t));
  assert.equal(fixture.commit, FIXTURE_COMMIT);
  assert.equal(await updateOstreeFixture(fixture), FIXTURE_UPDATE_COMMIT);
  const { objects } = await openRepository(fixture.path);
  const { rootTree, rootMeta } = await loadCommitObject(objects, FIXTURE_COMMIT);
  assert.equal(rootTree, '7cdc830f88e37bc9516624cb275a2998b990ffe4fb15a6fac4c7245b68b1461a');
  assert.equal(rootMeta, '60a960ec9a1b088a76c8e465c0876a4841ab32ea609dcbab76a02aeed0f11839');
  const files: Record<string, string> = {};
  for await (const visit of walkTree(objects, { tree: rootTree, meta: rootMeta })) {
    if (visit.kind === 'file') files[visit.path] = visit.checksum;
    else assert.equal((await loadDirmeta(objects, visit.meta)).mode, 0o40755);
  }
  assert.deepEqual(files, FIXTURE_OBJECTS);
});
