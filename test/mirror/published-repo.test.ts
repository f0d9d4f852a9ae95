import assert from 'node:assert/strict';
import { chmodSync, readdirSync, truncateSync } from 'node:fs';
import {
  chmod,
  lstat,
  mkdir,
  mkdtemp,
  readFile,
  rm,
  stat,
  symlink,
  truncate,
  unlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import test, { after, before, type TestContext } from 'node:test';
import { collect } from '../../src/base/bytes.ts';
import { variant } from '../../src/gvariant/index.ts';
import { writePublishedRepo } from '../../src/mirror/build.ts';
import { openPublishedRepo, type PublishedRepository } from '../../src/mirror/open-published.ts';
import { type Publication, publicationOf } from '../../src/mirror/published-refs.ts';
import type { Checksum } from '../../src/ostree/checksum.ts';
import { commitTree } from '../../src/ostree/commit-tree.ts';
import { deltaDirectory, deltaIndexPath } from '../../src/ostree/delta-name.ts';
import { keyfileString } from '../../src/ostree/keyfile.ts';
import { lookUp } from '../../src/ostree/lookup.ts';
import { loosePath } from '../../src/ostree/object-name.ts';
import { listHeads, listMirrorRefs } from '../../src/ostree/refs.ts';
import { loadCommit } from '../../src/ostree/revision.ts';
import { parseSummary, serializeSummary } from '../../src/ostree/summary.ts';
import { buildSummary } from '../../src/ostree/summary-build.ts';
import { fileChecksum, metadataChecksum } from '../../src/ostree/verify.ts';
import { reachableObjects } from '../../src/ostree/walk.ts';
import {
  boundToCollection,
  MIRROR_REF,
  type MirrorSource,
  mirrorTree,
  unpackImage,
  writeMirrorSource,
} from '../support/mirror-repos.ts';
import { unlessInstalled } from '../support/programs.ts';

const skip = unlessInstalled('tar');

/** Commit, dirmeta, 6 dirtrees and 10 files of the tree. */
const OBJECTS = 18;

let directory: string;
before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'treeport-published-'));
});
after(() => rm(directory, { recursive: true }));

type Mirror = {
  readonly source: MirrorSource;
  readonly root: string;
  readonly path: string;
  readonly publication: Publication;
  readonly warnings: readonly string[];
};

/** A mirror image's file system; `prepare` may change the source before. */
async function makeMirror(
  words: (source: MirrorSource) => readonly string[] = () => [MIRROR_REF],
  prepare: (source: MirrorSource) => Promise<void> = async () => {},
): Promise<Mirror> {
  const own = await mkdtemp(join(directory, 'own-'));
  const source = await writeMirrorSource(join(own, 'source'));
  await prepare(source);
  const warnings: string[] = [];
  const warn = (message: string) => warnings.push(message);
  const publication = await publicationOf(source.repo, words(source), warn);
  const root = join(own, 'root');
  await unpackImage(source.repo, publication.commits[0] as Checksum, root);
  const path = join(root, 'sysroot/treeport/repo');
  await mkdir(dirname(path), { recursive: true });
  await writePublishedRepo(path, source.repo, publication, warn);
  return { source, root, path, publication, warnings };
}

async function opened(t: TestContext, path: string): Promise<PublishedRepository> {
  const repo = await openPublishedRepo(path);
  t.after(() => repo.close());
  return repo;
}

/** Reads and verifies every object that a commit needs. */
async function crawl(repo: PublishedRepository, commit: Checksum): Promise<number> {
  let count = 0;
  for await (const { type, checksum } of reachableObjects(repo.objects, commit)) {
    assert.equal(await repo.objects.has({ type, checksum }), true);
    if (type === 'file') assert.equal(await fileChecksum(await repo.objects.content(checksum)), checksum);
    else assert.equal(metadataChecksum(await repo.objects.metadata(type, checksum)), checksum);
    count += 1;
  }
  return count;
}

async function objectAt({ source }: Mirror, path: string): Promise<Checksum> {
  const { rootTree, rootMeta } = await loadCommit(source.repo, source.commit);
  const found = await lookUp(source.repo.objects, { tree: rootTree, meta: rootMeta }, path);
  assert.equal(found.kind, 'file');
  return found.kind === 'file' ? found.checksum : '';
}

test('every object of the embedded commit is there', { skip }, async (t) => {
  const { path, source } = await makeMirror();
  const repo = await opened(t, path);
  assert.equal(await crawl(repo, source.commit), OBJECTS);
  assert.deepEqual([...(await listHeads(repo))], [[MIRROR_REF, source.commit]]);
  assert.equal(keyfileString(repo.config, 'core', 'parent'), '/sysroot/ostree/repo');
  assert.equal(keyfileString(repo.config, 'core', 'mode'), 'archive-z2');
});

test('only files that have bytes and that not everyone may read are kept twice', { skip }, async () => {
  const mirror = await makeMirror();
  const expected = await Promise.all(
    ['/usr/etc/shadow', '/usr/etc/nobody', '/usr/lib/group'].map((path) => objectAt(mirror, path)),
  );
  assert.deepEqual(looseFiles(mirror.path), expected.map((id) => `${id}.filez`).toSorted());
});

function looseFiles(path: string): readonly string[] {
  const objects = join(path, 'objects');
  return readdirSync(objects)
    .flatMap((fan) => readdirSync(join(objects, fan)).map((name) => fan + name))
    .toSorted();
}

test('owners, modes and attributes on disk do not matter', { skip }, async (t) => {
  const { path, source, root } = await makeMirror();
  const objects = join(root, 'sysroot/ostree/repo/objects');
  for (const fan of readdirSync(objects)) {
    for (const name of readdirSync(join(objects, fan))) {
      if (name.endsWith('.file-xattrs-link')) await unlink(join(objects, fan, name));
      else if (!(await isSymlink(join(objects, fan, name)))) chmodSync(join(objects, fan, name), 0o444);
    }
  }
  assert.equal(await crawl(await opened(t, path), source.commit), OBJECTS);
});

async function isSymlink(path: string): Promise<boolean> {
  return (await lstat(path)).isSymbolicLink();
}

test('symlinks, empty files and unreadable files need no file in the embedded repo', { skip }, async (t) => {
  const mirror = await makeMirror();
  const gone = [
    '/usr/bin/link',
    '/usr/lib/empty',
    '/usr/etc/nobody-empty',
    '/usr/etc/nobody',
    '/usr/lib/group',
  ];
  for (const path of gone) {
    await unlink(join(mirror.root, 'sysroot/ostree/repo', loosePath(await objectAt(mirror, path), 'file')));
  }
  await crawl(await opened(t, mirror.path), mirror.source.commit);
});

test('a symlink in place of an object is not followed', { skip }, async (t) => {
  const mirror = await makeMirror();
  const checksum = await objectAt(mirror, '/usr/etc/release');
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
  const mirror = await makeMirror();
  const repo = await opened(t, mirror.path);
  const missing = await objectAt(mirror, '/usr/etc/release');
  const changed = await objectAt(mirror, '/usr/lib/large');
  const embedded = (checksum: Checksum) =>
    join(mirror.root, 'sysroot/ostree/repo', loosePath(checksum, 'file'));
  await unlink(embedded(missing));
  await assert.rejects(async () => collect((await repo.objects.content(missing)).stream()), {
    code: 'ERR_OBJECT_MISSING',
    message: new RegExp(missing),
  });
  truncateSync(embedded(changed), 1000);
  assert.notEqual(await fileChecksum(await repo.objects.content(changed)), changed);
  const unknown = 'ab'.repeat(32);
  await assert.rejects(repo.objects.content(unknown), { code: 'ERR_OBJECT_MISSING' });
  assert.equal(await repo.objects.has({ type: 'file', checksum: unknown }), false);
});

test('every object is listed once', { skip }, async (t) => {
  const { path, source } = await makeMirror(({ commit, first }) => [commit, first]);
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

test('a further commit brings what the embedded one lacks, and its detached metadata', {
  skip,
}, async (t) => {
  const detached = Buffer.from([]);
  const { path, source } = await makeMirror(
    ({ first }) => [MIRROR_REF, first],
    ({ writer, first }) => writer.detachedMetadata(first, detached),
  );
  const repo = await opened(t, path);
  assert.equal(await crawl(repo, source.first), OBJECTS);
  const own = looseFiles(path).filter((name) => !name.endsWith('.filez'));
  assert.deepEqual(own.map((name) => name.split('.')[1]).toSorted(), [
    'commit',
    'commitmeta',
    'dirtree',
    'dirtree',
    'dirtree',
  ]);
  assert.deepEqual(await repo.objects.metadata('commitmeta', source.first), detached);
  assert.deepEqual([...(await listHeads(repo))], [[MIRROR_REF, source.commit]]);
});

test('detached metadata of the embedded commit comes from there, or from what is published later', {
  skip,
}, async (t) => {
  const { path, source } = await makeMirror(undefined, ({ writer, commit }) =>
    writer.detachedMetadata(commit, Buffer.alloc(0)),
  );
  const repo = await opened(t, path);
  assert.deepEqual(await repo.objects.metadata('commitmeta', source.commit), Buffer.alloc(0));
  const later = join(path, loosePath(source.commit, 'commitmeta'));
  await mkdir(dirname(later), { recursive: true });
  await writeFile(later, 'later');
  assert.equal(String(await repo.objects.metadata('commitmeta', source.commit)), 'later');
});

test('a summary is generated where the source has none', { skip }, async () => {
  const { path, source, warnings } = await makeMirror();
  const summary = parseSummary(await readFile(join(path, 'summary')));
  assert.deepEqual(
    summary.refs.map(({ name, commit }) => [name, commit]),
    [[MIRROR_REF, source.commit]],
  );
  assert.deepEqual(summary.metadata.get('ostree.summary.mode'), variant('s', 'archive-z2'));
  assert.deepEqual(warnings, []);
});

async function signSummary({ repo }: MirrorSource): Promise<void> {
  await writeFile(join(repo.path, 'summary'), serializeSummary(await buildSummary(repo)));
  await writeFile(join(repo.path, 'summary.sig'), 'a signature');
  await writeFile(join(repo.path, 'summary.idx'), 'of flatpak');
}

test('a signed summary that fits is carried over with its signature', { skip }, async () => {
  const { path, source, warnings } = await makeMirror(undefined, signSummary);
  for (const name of ['summary', 'summary.sig', 'summary.idx']) {
    assert.deepEqual(await readFile(join(path, name)), await readFile(join(source.repo.path, name)));
  }
  assert.deepEqual(warnings, []);
});

test('a signed summary that lists other refs is replaced, with a warning', { skip }, async () => {
  const addRef = async (source: MirrorSource) => {
    await source.writer.ref('other', source.first);
    await signSummary(source);
  };
  const { path, warnings } = await makeMirror(undefined, addRef);
  assert.deepEqual(
    parseSummary(await readFile(join(path, 'summary'))).refs.map(({ name }) => name),
    [MIRROR_REF],
  );
  await assert.rejects(stat(join(path, 'summary.sig')), { code: 'ENOENT' });
  await assert.rejects(stat(join(path, 'summary.idx')), { code: 'ENOENT' });
  assert.match(warnings[0] as string, /signed summary .* lists other .* not published/);
});

test('a signed summary of another time, or one that is broken, is replaced with a warning', {
  skip,
}, async () => {
  const older = async (source: MirrorSource) => {
    await source.writer.ref(MIRROR_REF, source.first);
    await signSummary(source);
    await source.writer.ref(MIRROR_REF, source.commit);
  };
  assert.match((await makeMirror(undefined, older)).warnings[0] as string, /lists exampleos/);
  const broken = async (source: MirrorSource) => {
    await signSummary(source);
    await truncate(join(source.repo.path, 'summary'), 10);
  };
  assert.match((await makeMirror(undefined, broken)).warnings[0] as string, /cannot be read/);
});

test('deltas that lead to published commits are carried over, with their indexes', { skip }, async () => {
  const { path, source } = await makeMirror(undefined, async ({ repo, first, commit }) => {
    for (const name of [
      { from: first, to: commit },
      { from: commit, to: first },
    ]) {
      const delta = join(repo.path, deltaDirectory(name));
      await mkdir(delta, { recursive: true });
      for (const file of ['superblock', '0', '1', 'not-a-part']) await writeFile(join(delta, file), file);
    }
    const index = join(repo.path, deltaIndexPath(commit));
    await mkdir(dirname(index), { recursive: true });
    await writeFile(index, 'the index');
  });
  const { first, commit } = source;
  const delta = join(path, deltaDirectory({ from: first, to: commit }));
  assert.deepEqual(readdirSync(delta).toSorted(), ['0', '1', 'superblock']);
  assert.equal(await readFile(join(path, deltaIndexPath(commit)), 'utf8'), 'the index');
  await assert.rejects(stat(join(path, deltaDirectory({ from: commit, to: first }))), { code: 'ENOENT' });
  const summary = parseSummary(await readFile(join(path, 'summary')));
  const listed = summary.metadata.get('ostree.static-deltas') ?? assert.fail();
  assert.deepEqual(
    (listed.value as readonly [string][]).map(([key]) => key),
    [`${first}-${commit}`],
  );
});

test('a bound collection is in refs, config and summary', { skip }, async (t) => {
  const id = 'org.example.Os';
  const { path, publication } = await makeMirror(
    () => ['collected'],
    async ({ writer }) => {
      const metadata = boundToCollection(id, 'collected');
      await writer.ref('collected', await commitTree(writer, mirrorTree('x'), { metadata, timestamp: 5 }));
    },
  );
  const repo = await opened(t, path);
  const [commit] = publication.commits;
  assert.deepEqual([...(await listMirrorRefs(repo))], [[id, new Map([['collected', commit]])]]);
  assert.equal(keyfileString(repo.config, 'core', 'collection-id'), id);
  const { metadata } = parseSummary(await readFile(join(path, 'summary')));
  assert.deepEqual(metadata.get('ostree.summary.collection-id'), variant('s', id));
});

test('a corrupt unreadable file ends the building', { skip }, async () => {
  const own = await mkdtemp(join(directory, 'corrupt-'));
  const source = await writeMirrorSource(join(own, 'source'));
  const publication = await publicationOf(source.repo, [MIRROR_REF], () => {});
  const mirror = { source } as Mirror;
  const [shadow, nobody] = [
    await objectAt(mirror, '/usr/etc/shadow'),
    await objectAt(mirror, '/usr/etc/nobody'),
  ];
  const at = (checksum: Checksum) => join(source.repo.path, loosePath(checksum, 'filez'));
  await chmod(at(shadow), 0o644);
  await writeFile(at(shadow), await readFile(at(nobody)));
  await assert.rejects(
    writePublishedRepo(join(own, 'published'), source.repo, publication, () => {}),
    {
      code: 'ERR_OBJECT_CORRUPT',
      message: new RegExp(shadow),
    },
  );
});

test('a published repo without a sound catalogue or config is not opened', { skip }, async () => {
  const { path } = await makeMirror();
  await truncate(join(path, 'catalogue'), 100);
  await assert.rejects(openPublishedRepo(path), { code: 'ERR_CATALOGUE' });
  await writeFile(join(path, 'config'), 'no keyfile\n');
  await assert.rejects(openPublishedRepo(path), { code: 'ERR_REPO_CONFIG' });
  await rm(join(path, 'config'));
  await assert.rejects(openPublishedRepo(path), { code: 'ERR_REPO_MISSING' });
});
