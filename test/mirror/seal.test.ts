import assert from 'node:assert/strict';
import {
  appendFile,
  chmod,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  unlink,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { after, before } from 'node:test';
import { VIRTUAL_PROFILES } from '../../src/delta/virtual/virtual-delta.ts';
import { writePublishedRepo } from '../../src/mirror/build.ts';
import { FORMER_HOME, MIRROR_HOME } from '../../src/mirror/layout.ts';
import { openPublishedRepo } from '../../src/mirror/open-published.ts';
import { publicationOf } from '../../src/mirror/published-refs.ts';
import { seal } from '../../src/mirror/seal.ts';
import { parseChecksum } from '../../src/ostree/checksum.ts';
import { loosePath } from '../../src/ostree/object-name.ts';
import { storedVirtualDeltas } from '../../src/server/live/stored-virtual-deltas.ts';
import { MIRROR_REF, type MirrorSource, unpackImage, writeMirrorSource } from '../support/mirror-repos.ts';
import { MIRROR_OBJECTS, objectAt, readAll } from '../support/mirror-root.ts';
import { unlessInstalled, unlessRoot } from '../support/programs.ts';

/** Files of mode 0 can be read by root alone. */
const skip = unlessRoot() || unlessInstalled('tar');
/** The dirtree of an empty directory. */
const EMPTY_DIRTREE = parseChecksum('6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d');

let directory: string;
before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'treeport-seal-'));
});
after(() => rm(directory, { recursive: true }));

type Unpacked = { readonly source: MirrorSource; readonly root: string; readonly repo: string };

async function unpack(): Promise<Unpacked> {
  const own = await mkdtemp(join(directory, 'own-'));
  const source = await writeMirrorSource(join(own, 'source'));
  const root = join(own, 'root');
  await unpackImage(source.repo, source.commit, root);
  return { source, root, repo: join(root, MIRROR_HOME, 'repo') };
}

function sealQuietly(root: string, refs: readonly string[] = []) {
  return seal({ root, refs, bake: 'none', virtualDeltas: false, warn: (message) => assert.fail(message) });
}

async function embeddedFile({ source, root }: Unpacked, path: string): Promise<string> {
  return join(root, 'sysroot/ostree/repo', loosePath(await objectAt(source, path), 'file'));
}

async function assertComplete({ source, repo }: Unpacked): Promise<void> {
  const published = await openPublishedRepo(repo);
  assert.equal(await readAll(published.objects, source.commit), MIRROR_OBJECTS);
  published.close();
}

test('an unpacked image is sealed under the names its commit is bound to', { skip }, async () => {
  const unpacked = await unpack();
  const { publication, objects } = await sealQuietly(unpacked.root);
  assert.equal(objects, 10);
  assert.deepEqual(publication.refs, [
    { name: MIRROR_REF, collection: undefined, commit: unpacked.source.commit },
  ]);
  await assertComplete(unpacked);
  const ref = await readFile(join(unpacked.repo, 'refs/heads', MIRROR_REF), 'utf8');
  assert.equal(ref, `${unpacked.source.commit}\n`);
  assert.deepEqual(await readdir(join(unpacked.root, MIRROR_HOME)), ['repo']);
});

test('the dirtree of an empty sysroot, which ostree-ext leaves out, is published', { skip }, async () => {
  const unpacked = await unpack();
  await unlink(join(unpacked.root, 'sysroot/ostree/repo', loosePath(EMPTY_DIRTREE, 'dirtree')));
  await sealQuietly(unpacked.root);
  await assertComplete(unpacked);
  assert.equal((await stat(join(unpacked.repo, loosePath(EMPTY_DIRTREE, 'dirtree')))).size, 1);
});

test('names that the commit is not bound to are refused', { skip }, async () => {
  const { root, repo } = await unpack();
  await assert.rejects(sealQuietly(root, ['other']), { code: 'ERR_REF_BINDING' });
  await assert.rejects(stat(repo), { code: 'ENOENT' });
});

test('a changed mode says that the build has to run as root, and leaves nothing', { skip }, async () => {
  const unpacked = await unpack();
  await chmod(await embeddedFile(unpacked, '/usr/bin/setuid'), 0o755);
  await assert.rejects(sealQuietly(unpacked.root), {
    code: 'ERR_SEAL_OWNERS',
    message: /^object [0-9a-f]{64}\.file is corrupt.*build as root, or use `treeport mirror wrap`$/,
  });
  assert.deepEqual(await readdir(join(unpacked.root, MIRROR_HOME)), []);
});

test('changed bytes and missing objects are found', { skip }, async () => {
  const changed = await unpack();
  await appendFile(await embeddedFile(changed, '/usr/etc/release'), 'x');
  await assert.rejects(sealQuietly(changed.root), { code: 'ERR_SEAL_OWNERS' });
  const missing = await unpack();
  await unlink(await embeddedFile(missing, '/usr/lib/group'));
  await assert.rejects(sealQuietly(missing.root), { code: 'ERR_OBJECT_MISSING' });
});

test('an embedded repo with several commits is published with all of them', { skip }, async () => {
  const { source, root, repo } = await unpack();
  await unpackImage(source.repo, source.first, root);
  const warnings: string[] = [];
  const { publication, objects } = await seal({
    root,
    refs: [],
    bake: 'none',
    virtualDeltas: false,
    warn: (message) => warnings.push(message),
  });
  assert.equal(objects, 11);
  assert.deepEqual(publication.commits.toSorted(), [source.first, source.commit].toSorted());
  assert.deepEqual(publication.refs, [{ name: MIRROR_REF, collection: undefined, commit: source.commit }]);
  assert.match(warnings.join('\n'), new RegExp(`${source.commit}, which is newer than ${source.first}$`));
  const published = await openPublishedRepo(repo);
  for (const commit of publication.commits)
    assert.equal(await readAll(published.objects, commit), MIRROR_OBJECTS);
  published.close();
});

test('a mirror is not sealed again, and what is no encapsulated image not at all', { skip }, async () => {
  const { root, source } = await unpack();
  await sealQuietly(root);
  await assert.rejects(sealQuietly(root), { code: 'ERR_ALREADY_MIRROR' });
  await rename(join(root, MIRROR_HOME), join(root, FORMER_HOME));
  await assert.rejects(sealQuietly(root), { code: 'ERR_ALREADY_MIRROR', message: /sysroot\/treeport\/repo/ });
  const empty = await mkdtemp(join(directory, 'empty-'));
  await assert.rejects(sealQuietly(empty), { code: 'ERR_REPO_MISSING' });
  const without = await unpack();
  await unlink(join(without.root, 'sysroot/ostree/repo', loosePath(without.source.commit, 'commit')));
  await assert.rejects(sealQuietly(without.root), { code: 'ERR_NOT_ENCAPSULATED', message: /no commit/ });
  assert.equal(source.commit, without.source.commit);
});

test('sealing bakes the packs that building writes', { skip }, async () => {
  const { source, root, repo } = await unpack();
  const { baked } = await seal({
    root,
    refs: [],
    bake: 'all',
    virtualDeltas: false,
    warn: (message) => assert.fail(message),
  });
  assert.equal(baked.objects, 7);
  const publication = await publicationOf(source.repo, [MIRROR_REF], () => {});
  const built = join(root, 'built');
  await mkdir(built);
  assert.deepEqual(
    await writePublishedRepo(built, source.repo, { publication, bake: 'all', warn: () => {} }),
    baked,
  );
  for (const name of await readdir(join(built, 'packs'))) {
    assert.deepEqual(
      await readFile(join(repo, 'packs', name)),
      await readFile(join(built, 'packs', name)),
      name,
    );
  }
});

test('an object that the build has changed is found when it is baked', { skip }, async () => {
  const unpacked = await unpack();
  await appendFile(await embeddedFile(unpacked, '/usr/etc/release'), 'more');
  const sealing = seal({ root: unpacked.root, refs: [], bake: 'all', virtualDeltas: false, warn: () => {} });
  await assert.rejects(sealing, { code: 'ERR_SEAL_OWNERS' });
});

test('virtual deltas are computed from the embedded repo', { skip }, async () => {
  const { root, repo, source } = await unpack();
  await seal({ root, refs: [], bake: 'none', virtualDeltas: true, warn: (message) => assert.fail(message) });
  const deltas = VIRTUAL_PROFILES.flatMap((profile) => [...storedVirtualDeltas(repo, profile)]);
  assert.deepEqual(
    deltas.map(({ to, profile }) => [to, profile]),
    VIRTUAL_PROFILES.map((profile) => [source.commit, profile]),
  );
});
