import assert from 'node:assert/strict';
import test from 'node:test';
import { openRepository } from '../../src/ostree/repo/open.ts';
import { commitObjects } from '../../src/tar/chunk.ts';
import { tempDir } from '../e2e/support/scratch.ts';
import { fixtureObject, writeOstreeFixture } from '../support/ostree-fixture.ts';

test('an object has all its paths, in the order of the walk', async (t) => {
  const { path, commit } = await writeOstreeFixture(await tempDir(t));
  const objects = await commitObjects((await openRepository(path)).objects, commit);
  assert.equal(objects.size, 11);
  const pathsOf = (file: string) => objects.get(fixtureObject(file));
  assert.deepEqual(pathsOf('/usr/bin/hardlink-a'), ['/usr/bin/hardlink-a', '/usr/bin/hardlink-b']);
  assert.deepEqual(pathsOf('/usr/lib/pkgdb/pkgdb'), ['/usr/lib/pkgdb/pkgdb', '/usr/lib/sysimage/pkgdb']);
  assert.deepEqual(pathsOf('/opt'), ['/opt']);
});
