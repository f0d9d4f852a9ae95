import assert from 'node:assert/strict';
import test from 'node:test';
import { collect } from '../../src/base/bytes.ts';
import { openRepository } from '../../src/ostree/repo/open.ts';
import { commitObjects } from '../../src/tar/chunk.ts';
import { directoryOwners } from '../../src/tar/directory-owners.ts';
import { exportChunk } from '../../src/tar/export-chunk.ts';
import { readEntries } from '../../src/tar/read-entries.ts';
import { tempDir } from '../e2e/support/scratch.ts';
import { fixtureObject, writeOstreeFixture } from '../support/ostree-fixture.ts';
import { digestOf, goldenTar } from '../support/tar-streams.ts';

test('a chunk of all content comes out byte for byte', async (t) => {
  const { path, commit } = await writeOstreeFixture(await tempDir(t));
  const { objects } = await openRepository(path);
  const chunk = { objects: await commitObjects(objects, commit) };
  assert.ok((await collect(exportChunk(objects, chunk))).equals(await goldenTar('fixture-chunk-allcontent')));
  assert.deepEqual(await digestOf(exportChunk(objects, chunk)), {
    sha256: 'b9919e119497b9ade1a88ae01502b5bd350006b25968f863cb5066b41ba666fc',
    size: 179712,
  });
});

test('an empty chunk comes out byte for byte', async (t) => {
  const { path } = await writeOstreeFixture(await tempDir(t));
  const { objects } = await openRepository(path);
  const empty = { objects: new Map() };
  assert.ok(
    (await collect(exportChunk(objects, empty))).equals(await goldenTar('fixture-chunk-empty-reserved')),
  );
  assert.deepEqual(await digestOf(exportChunk(objects, empty)), {
    sha256: '12787d84fa137cd5649a9005efe98ec9d05ea46245fdc50aecb7dd007f2035b1',
    size: 139264,
  });
});

test('format 2 writes the directories above the files, each once, with their owners', async (t) => {
  const { path, commit } = await writeOstreeFixture(await tempDir(t));
  const { objects } = await openRepository(path);
  const pick = ['/usr/lib/pkgdb/pkgdb', '/usr/etc/polkit.conf', '/opt'];
  const chunk = { objects: new Map(pick.map((file) => [fixtureObject(file), [file]])) };
  const directories = await directoryOwners(objects, commit);
  assert.deepEqual(directories.get('usr/bin'), { uid: 0, gid: 0, mode: 0o40755 });
  assert.equal(directories.has('usr/etc'), false);
  const outside: string[] = [];
  for await (const entry of readEntries(exportChunk(objects, chunk, { directories }))) {
    if (entry.path.startsWith('sysroot')) continue;
    outside.push(`${entry.type} ${entry.path} ${entry.mode.toString(8)}`);
  }
  assert.deepEqual(outside, [
    'directory usr 755',
    'directory usr/lib 755',
    'directory usr/lib/pkgdb 755',
    'link usr/lib/pkgdb/pkgdb 644',
    'link opt 777',
    'directory etc 755',
    'link etc/polkit.conf 644',
  ]);
});
