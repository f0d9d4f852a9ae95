import assert from 'node:assert/strict';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { after, before } from 'node:test';
import { variant } from '../../src/gvariant/index.ts';
import { writePublishedRepo } from '../../src/mirror/build.ts';
import { publicationOf } from '../../src/mirror/published-refs.ts';
import type { Checksum } from '../../src/ostree/checksum.ts';
import { commitTree } from '../../src/ostree/commit-tree.ts';
import { keyfileString } from '../../src/ostree/keyfile.ts';
import { loosePath } from '../../src/ostree/object-name.ts';
import { listHeads, listMirrorRefs } from '../../src/ostree/refs.ts';
import { parseSummary } from '../../src/ostree/summary.ts';
import { boundToCollection, MIRROR_REF, mirrorTree, writeMirrorSource } from '../support/mirror-repos.ts';
import { looseFiles, MIRROR_OBJECTS, makeMirror, objectAt, opened, readAll } from '../support/mirror-root.ts';
import { unlessInstalled } from '../support/programs.ts';

const skip = unlessInstalled('tar');

let directory: string;
before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'treeport-published-repo-'));
});
after(() => rm(directory, { recursive: true }));

test('only files that have bytes and that not everyone may read are kept twice', { skip }, async () => {
  const mirror = await makeMirror(directory);
  const expected = await Promise.all(
    ['/usr/etc/shadow', '/usr/etc/nobody', '/usr/lib/group'].map((path) => objectAt(mirror.source, path)),
  );
  assert.deepEqual(looseFiles(mirror.path), expected.map((id) => `${id}.filez`).toSorted());
});

test('a further commit brings what the embedded one lacks, and its detached metadata', {
  skip,
}, async (t) => {
  const detached = Buffer.from([]);
  const { path, source } = await makeMirror(directory, {
    words: ({ first }) => [MIRROR_REF, first],
    prepare: ({ writer, first }) => writer.detachedMetadata(first, detached),
  });
  const repo = await opened(t, path);
  assert.equal(await readAll(repo.objects, source.first), MIRROR_OBJECTS);
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

test('a bound collection is in refs, config and summary', { skip }, async (t) => {
  const id = 'org.example.Os';
  const { path, publication } = await makeMirror(directory, {
    words: () => ['collected'],
    prepare: async ({ writer }) => {
      const metadata = boundToCollection(id, 'collected');
      await writer.ref('collected', await commitTree(writer, mirrorTree('x'), { metadata, timestamp: 5 }));
    },
  });
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
  const [shadow, nobody] = [
    await objectAt(source, '/usr/etc/shadow'),
    await objectAt(source, '/usr/etc/nobody'),
  ];
  const at = (checksum: Checksum) => join(source.repo.path, loosePath(checksum, 'filez'));
  await chmod(at(shadow), 0o644);
  await writeFile(at(shadow), await readFile(at(nobody)));
  await assert.rejects(
    writePublishedRepo(join(own, 'published'), source.repo, { publication, bake: 'none', warn: () => {} }),
    {
      code: 'ERR_OBJECT_CORRUPT',
      message: new RegExp(shadow),
    },
  );
});
