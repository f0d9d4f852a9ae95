import assert from 'node:assert/strict';
import { chmodSync, readdirSync, truncateSync } from 'node:fs';
import { lstat, mkdir, mkdtemp, rm, symlink, truncate, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import test, { after, before } from 'node:test';
import { collect } from '../../src/base/bytes.ts';
import { FORMER_HOME } from '../../src/mirror/layout.ts';
import { openPublishedRepo } from '../../src/mirror/open-published.ts';
import type { Checksum } from '../../src/ostree/checksum.ts';
import { keyfileString } from '../../src/ostree/keyfile.ts';
import { loosePath } from '../../src/ostree/object-name.ts';
import { listHeads } from '../../src/ostree/refs.ts';
import { fileChecksum } from '../../src/ostree/verify.ts';
import { reachableObjects } from '../../src/ostree/walk.ts';
import { repeatedChecksum } from '../support/checksums.ts';
import { MIRROR_REF } from '../support/mirror-repos.ts';
import { MIRROR_OBJECTS, makeMirror, objectAt, opened, readAll } from '../support/mirror-root.ts';
import { unlessInstalled } from '../support/programs.ts';

const skip = unlessInstalled('tar');

let directory: string;
before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'treeport-open-'));
});
after(() => rm(directory, { recursive: true }));

test('every object of the embedded commit is there', { skip }, async (t) => {
  const { path, source } = await makeMirror(directory);
  const repo = await opened(t, path);
  assert.equal(await readAll(repo.objects, source.commit), MIRROR_OBJECTS);
  assert.deepEqual([...(await listHeads(repo))], [[MIRROR_REF, source.commit]]);
  assert.equal(keyfileString(repo.config, 'core', 'parent'), '/sysroot/ostree/repo');
  assert.equal(keyfileString(repo.config, 'core', 'mode'), 'archive-z2');
});

test('a published repo in the former home finds the embedded one', { skip }, async (t) => {
  const { path, source } = await makeMirror(directory, { home: FORMER_HOME });
  assert.match(path, /\/sysroot\/treeport\/repo$/);
  assert.equal(await readAll((await opened(t, path)).objects, source.commit), MIRROR_OBJECTS);
});

test('owners, modes and attributes on disk do not matter', { skip }, async (t) => {
  const { path, source, root } = await makeMirror(directory);
  const objects = join(root, 'sysroot/ostree/repo/objects');
  for (const fan of readdirSync(objects)) {
    for (const name of readdirSync(join(objects, fan))) {
      if (name.endsWith('.file-xattrs-link')) await unlink(join(objects, fan, name));
      else if (!(await isSymlink(join(objects, fan, name)))) chmodSync(join(objects, fan, name), 0o444);
    }
  }
  assert.equal(await readAll((await opened(t, path)).objects, source.commit), MIRROR_OBJECTS);
});

async function isSymlink(path: string): Promise<boolean> {
  return (await lstat(path)).isSymbolicLink();
}

test('symlinks, empty files and unreadable files need no file in the embedded repo', { skip }, async (t) => {
  const mirror = await makeMirror(directory);
  const gone = [
    '/usr/bin/link',
    '/usr/lib/empty',
    '/usr/etc/nobody-empty',
    '/usr/etc/nobody',
    '/usr/lib/group',
  ];
  for (const path of gone) {
    await unlink(
      join(mirror.root, 'sysroot/ostree/repo', loosePath(await objectAt(mirror.source, path), 'file')),
    );
  }
  await readAll((await opened(t, mirror.path)).objects, mirror.source.commit);
});

test('a symlink in place of an object is not followed', { skip }, async (t) => {
  const mirror = await makeMirror(directory);
  const checksum = await objectAt(mirror.source, '/usr/etc/release');
  const file = join(mirror.root, 'sysroot/ostree/repo', loosePath(checksum, 'file'));
  await unlink(file);
  await symlink('/etc/hostname', file);
  const repo = await opened(t, mirror.path);
  const object = await repo.objects.content(checksum);
  await assert.rejects(collect(object.stream()), {
    code: 'ERR_OBJECT_UNREADABLE',
    message: new RegExp(checksum),
  });
});

test('a missing or changed file is an error that names the object', { skip }, async (t) => {
  const mirror = await makeMirror(directory);
  const repo = await opened(t, mirror.path);
  const missing = await objectAt(mirror.source, '/usr/etc/release');
  const changed = await objectAt(mirror.source, '/usr/lib/large');
  const embedded = (checksum: Checksum) =>
    join(mirror.root, 'sysroot/ostree/repo', loosePath(checksum, 'file'));
  await unlink(embedded(missing));
  await assert.rejects(async () => collect((await repo.objects.content(missing)).stream()), {
    code: 'ERR_OBJECT_MISSING',
    message: new RegExp(missing),
  });
  truncateSync(embedded(changed), 1000);
  assert.notEqual(await fileChecksum(await repo.objects.content(changed)), changed);
  const unknown = repeatedChecksum('ab');
  await assert.rejects(repo.objects.content(unknown), { code: 'ERR_OBJECT_MISSING' });
  assert.equal(await repo.objects.has({ type: 'file', checksum: unknown }), false);
});

test('every object is listed once', { skip }, async (t) => {
  const { path, source } = await makeMirror(directory, {
    words: ({ commit, first }) => [commit, first],
  });
  const repo = await opened(t, path);
  const listed: string[] = [];
  for await (const { type, checksum } of repo.objects.list()) listed.push(`${checksum}.${type}`);
  const needed = new Set<string>();
  for (const commit of [source.commit, source.first]) {
    for await (const { type, checksum } of reachableObjects(source.repo.objects, commit)) {
      needed.add(`${checksum}.${type}`);
    }
  }
  assert.deepEqual(listed.toSorted(), [...needed].toSorted());
});

test('detached metadata of the embedded commit comes from there, or from what is published later', {
  skip,
}, async (t) => {
  const { path, source } = await makeMirror(directory, {
    prepare: ({ writer, commit }) => writer.detachedMetadata(commit, Buffer.alloc(0)),
  });
  const repo = await opened(t, path);
  assert.deepEqual(await repo.objects.metadata('commitmeta', source.commit), Buffer.alloc(0));
  const later = join(path, loosePath(source.commit, 'commitmeta'));
  await mkdir(dirname(later), { recursive: true });
  await writeFile(later, 'later');
  assert.equal(String(await repo.objects.metadata('commitmeta', source.commit)), 'later');
});

test('a published repo without a sound catalogue or config is not opened', { skip }, async () => {
  const { path } = await makeMirror(directory);
  await truncate(join(path, 'catalogue'), 100);
  await assert.rejects(openPublishedRepo(path), { code: 'ERR_CATALOGUE' });
  await writeFile(join(path, 'config'), 'no keyfile\n');
  await assert.rejects(openPublishedRepo(path), { code: 'ERR_REPO_CONFIG' });
  await rm(join(path, 'config'));
  await assert.rejects(openPublishedRepo(path), { code: 'ERR_REPO_MISSING' });
});

test('damaged packs are refused on opening', { skip }, async () => {
  const { path } = await makeMirror(directory, { bake: 'all' });
  truncateSync(join(path, 'packs/index'), 100);
  await assert.rejects(openPublishedRepo(path), { code: 'ERR_PACKS' });
});
