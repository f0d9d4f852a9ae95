import assert from 'node:assert/strict';
import test from 'node:test';
import { loadCommitObject } from '../../src/ostree/load.ts';
import { lookUp } from '../../src/ostree/lookup.ts';
import { openRepository } from '../../src/ostree/repo/open.ts';
import { tempDir } from '../e2e/support/scratch.ts';
import { coded } from '../support/expect.ts';
import { FIXTURE_OBJECTS, writeOstreeFixture } from '../support/ostree-fixture.ts';

test('paths lead to files and directories', async (t) => {
  const { path, commit } = await writeOstreeFixture(await tempDir(t));
  const { objects } = await openRepository(path);
  const { rootTree, rootMeta } = await loadCommitObject(objects, commit);
  const root = { tree: rootTree, meta: rootMeta };
  const find = (path: string) => lookUp(objects, root, path);
  for (const [file, checksum] of Object.entries(FIXTURE_OBJECTS)) {
    assert.deepEqual(await find(file), { kind: 'file', path: file, checksum });
  }
  for (const same of ['/', '', '.', '//', '/./']) {
    assert.deepEqual(await find(same), { kind: 'directory', path: '/', ...root });
  }
  assert.equal((await find('usr//bin/.')).path, '/usr/bin');
  await assert.rejects(
    find('/usr/nowhere/x'),
    coded('ERR_PATH_MISSING', '/usr/nowhere/x', '/usr has no entry "nowhere"'),
  );
  await assert.rejects(
    find('/usr/bin/bash/x'),
    coded('ERR_PATH_MISSING', '/usr/bin/bash is not a directory'),
  );
  // Symlinks are not followed, and there is no way up.
  await assert.rejects(find('/opt/x'), coded('ERR_PATH_MISSING', '/opt is not a directory'));
  await assert.rejects(find('/usr/../usr'), coded('ERR_PATH_MISSING', '".."'));
});
