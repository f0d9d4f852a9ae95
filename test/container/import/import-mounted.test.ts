import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, globSync } from 'node:fs';
import { appendFile, mkdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import test, { type TestContext } from 'node:test';
import type { ErrorCode } from '../../../src/base/error-codes.ts';
import { openEmbeddedRepo } from '../../../src/container/import/import-from-storage.ts';
import { type ImportMountedOptions, importMounted } from '../../../src/container/import/import-mounted.ts';
import { LibostreeRepo } from '../../../src/native/ostree/repository.ts';
import { type Checksum, checksumOf } from '../../../src/ostree/checksum.ts';
import { loadCommitObject } from '../../../src/ostree/load.ts';
import { loosePath } from '../../../src/ostree/object-name.ts';
import { listHeads } from '../../../src/ostree/refs.ts';
import { openRepository } from '../../../src/ostree/repo/open.ts';
import { reachableObjects } from '../../../src/ostree/walk.ts';
import { tempDir } from '../../e2e/support/scratch.ts';
import { repeatedChecksum } from '../../support/checksums.ts';
import { coded } from '../../support/expect.ts';
import { unpackImage, writeMirrorSource } from '../../support/mirror-repos.ts';
import { objectAt } from '../../support/mirror-root.ts';
import { oldTarStream } from '../../support/old-tar-streams.ts';
import { unlessInstalled, unlessRoot } from '../../support/programs.ts';

const WHERE = 'containers-storage:x';
const skip = unlessInstalled('tar') || unlessRoot();

/** The files of an image, as they lie where it is mounted, and a repository to import into. */
async function place(t: TestContext) {
  const folder = await tempDir(t);
  const source = await writeMirrorSource(join(folder, 'source'));
  const { commit } = source;
  const root = join(folder, 'root');
  await unpackImage(source.repo, commit, root);
  const repo = join(folder, 'repo');
  LibostreeRepo.create(repo, 'archive').close();
  const embedded = join(root, 'sysroot/ostree/repo');
  const file = (checksum: Checksum, type: string) => join(embedded, loosePath(checksum, type));
  return { folder, source, commit, root, repo, embedded, file };
}

async function importFrom(root: string, repo: string, options: Partial<ImportMountedOptions> = {}) {
  const { objects } = await openEmbeddedRepo(root, WHERE);
  return importMounted(objects, { repo, where: WHERE, verification: { kind: 'unverified' }, ...options });
}

async function assertComplete(path: string, commit: Checksum): Promise<void> {
  const { objects } = await openRepository(path);
  for await (const name of reachableObjects(objects, commit)) assert.ok(await objects.has(name));
  assert.deepEqual(globSync('state/*', { cwd: path }), []);
}

function assertNothingVisible(repo: string): void {
  assert.deepEqual(globSync(['objects/*/*', 'state/*', 'refs/heads/*'], { cwd: repo }), []);
}

test('a commit comes with all its objects, its detached metadata and a ref', { skip }, async (t) => {
  const { source, commit, root, repo, file } = await place(t);
  const detached = Buffer.from('');
  await writeFile(file(commit, 'commitmeta'), detached);
  const seen: number[] = [];
  const report = await importFrom(root, repo, {
    writeRef: 'os/stable',
    onProgress: (bytes) => seen.push(bytes),
  });
  assert.equal(report.commit, commit);
  assert.deepEqual(report.signatures, []);
  assert.equal(report.objects.present, 0);
  assert.ok((seen.at(-1) ?? 0) > 2_300_000);
  await assertComplete(repo, commit);
  const { objects } = await openRepository(repo);
  assert.ok((await objects.metadata('commitmeta', commit)).equals(detached));
  assert.deepEqual(Object.fromEntries(await listHeads(await openRepository(repo))), { 'os/stable': commit });
  assert.ok(existsSync(join(source.repo.path, loosePath(commit, 'commit'))));
});

test('earlier generations are read too', { skip }, async (t) => {
  for (const generation of ['v0', 'linked'] as const) {
    const { folder, source, commit, repo } = await place(t);
    const root = join(folder, generation);
    await mkdir(root);
    const tar = await oldTarStream(source.repo.objects, commit, generation);
    execFileSync('tar', ['-x', '-p', '-C', root], { input: tar });
    assert.equal((await importFrom(root, repo)).commit, commit);
    await assertComplete(repo, commit);
  }
});

test('what the repository has is not read again', { skip }, async (t) => {
  const { source, commit, root, repo, file } = await place(t);
  const first = await importFrom(root, repo);
  await rm(file(await objectAt(source, '/usr/lib/large'), 'file'));
  const again = await importFrom(root, repo);
  // The commit itself is written again, for its detached metadata may be new.
  assert.deepEqual(again.objects, { imported: 1, present: first.objects.imported - 1 });
  assert.equal(again.commit, commit);
});

test('an object that lacks, is corrupt, or does not belong there is refused; nothing is visible', {
  skip,
}, async (t) => {
  const { source, commit, root, repo, file } = await place(t);
  const large = file(await objectAt(source, '/usr/lib/large'), 'file');
  await rename(large, `${large}-away`);
  await assert.rejects(importFrom(root, repo), coded('ERR_OBJECT_MISSING'));
  assertNothingVisible(repo);

  await writeFile(large, 'y'.repeat(1_999_999));
  await assert.rejects(importFrom(root, repo), coded('ERR_OBJECT_CORRUPT'));
  assertNothingVisible(repo);
  await rename(`${large}-away`, large);

  const { rootTree } = await loadCommitObject(source.repo.objects, commit);
  await rename(file(rootTree, 'dirtree'), file(rootTree, 'away'));
  await assert.rejects(importFrom(root, repo), coded('ERR_OBJECT_MISSING', rootTree));
  assertNothingVisible(repo);
  await rename(file(rootTree, 'away'), file(rootTree, 'dirtree'));

  const stray = Buffer.from('stray');
  const name = checksumOf(stray);
  await writeFile(file(name, 'dirmeta'), stray);
  await assert.rejects(importFrom(root, repo), coded('ERR_OBJECT_STRAY', `${name}.dirmeta`, WHERE));
  assertNothingVisible(repo);
  await rm(file(name, 'dirmeta'));

  await appendFile(file(commit, 'commit'), 'x');
  await assert.rejects(importFrom(root, repo), coded('ERR_OBJECT_CORRUPT', commit));
  assertNothingVisible(repo);
});

test('what the commit must prove is asked for before anything is written', { skip }, async (t) => {
  const { root, repo } = await place(t);
  const verification = { kind: 'remote', remote: 'nobody' } as const;
  await assert.rejects(importFrom(root, repo, { verification }), coded('ERR_REMOTE_MISSING', 'nobody'));
  assertNothingVisible(repo);
  await assert.rejects(importFrom(root, repo, { writeRef: 'a//b' }), coded('ERR_REF_SYNTAX', 'a//b'));
  assertNothingVisible(repo);
});

test('files that are no encapsulated image', { skip }, async (t) => {
  const { folder, commit, root, repo, embedded, source, file } = await place(t);
  const refused = (words: string) =>
    assert.rejects(importFrom(root, repo), coded('ERR_NOT_ENCAPSULATED', WHERE, words));
  await writeFile(file(repeatedChecksum('0'), 'commit'), 'another');
  await refused('there are 2');
  await rm(file(repeatedChecksum('0'), 'commit'));
  await rename(file(commit, 'commit'), file(commit, 'away'));
  await refused('there are 0');
  await rename(file(commit, 'away'), file(commit, 'commit'));

  await writeFile(join(embedded, 'config'), `[core]\nmode=bare-split-xattrs\nparent=${source.repo.path}\n`);
  await refused('no embedded repository');
  await writeFile(join(embedded, 'config'), '[core]\nmode=bare\n');
  await refused('mode bare');
  await rename(embedded, join(folder, 'away'));
  await refused('has no');
  await symlink(join(folder, 'away'), embedded);
  await refused('link');
  await rm(embedded);
  await mkdir(embedded);
  await refused('no ostree repository');
  assertNothingVisible(repo);
});

test('no link leads out of the image', { skip }, async (t) => {
  const { folder, source, root, repo, embedded, file } = await place(t);
  const away = join(folder, 'away');
  const linked = async (path: string, code: ErrorCode) => {
    await rename(path, away);
    await symlink(away, path);
    await assert.rejects(importFrom(root, repo), coded(code));
    assertNothingVisible(repo);
    await rm(path);
    await rename(away, path);
  };
  const { rootTree, rootMeta } = await loadCommitObject(source.repo.objects, source.commit);
  const large = await objectAt(source, '/usr/lib/large');
  await linked(join(embedded, 'objects'), 'ERR_NOT_ENCAPSULATED');
  await linked(join(embedded, 'config'), 'ERR_NOT_ENCAPSULATED');
  await linked(dirname(file(source.commit, 'commit')), 'ERR_FILE_UNSAFE');
  await linked(file(source.commit, 'commit'), 'ERR_OBJECT_UNREADABLE');
  await linked(file(rootTree, 'dirtree'), 'ERR_OBJECT_UNREADABLE');
  await linked(file(rootMeta, 'dirmeta'), 'ERR_OBJECT_UNREADABLE');
  await linked(file(large, 'file-xattrs-link'), 'ERR_OBJECT_UNREADABLE');
  // Here a link is an object of its own, and not the one that was to be there.
  await linked(file(large, 'file'), 'ERR_OBJECT_CORRUPT');
});

test('FIFOs and devices in an image do not make us wait, and are not read', {
  skip: skip || unlessInstalled('mkfifo', 'mknod'),
}, async (t) => {
  const { source, root, repo, embedded, file } = await place(t);
  const large = file(await objectAt(source, '/usr/lib/large'), 'file');
  const special = async (path: string, code: ErrorCode) => {
    for (const make of [`mkfifo ${path}`, `mknod -m 644 ${path} c 1 5`]) {
      await rename(path, `${path}-away`);
      execFileSync('sh', ['-c', make]);
      await assert.rejects(importFrom(root, repo), coded(code));
      assertNothingVisible(repo);
      await rm(path);
      await rename(`${path}-away`, path);
    }
  };
  await special(join(embedded, 'config'), 'ERR_NOT_ENCAPSULATED');
  await special(file(source.commit, 'commit'), 'ERR_OBJECT_UNREADABLE');
  await special(large, 'ERR_OBJECT_CORRUPT');
});
