import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import { writeFileAtomic } from '../../src/base/atomic-file.ts';
import { collect } from '../../src/base/bytes.ts';
import { contentChecksum } from '../../src/ostree/commit.ts';
import { ArchiveWriter } from '../../src/ostree/repo/archive-writer.ts';
import { openRepository } from '../../src/ostree/repo/open.ts';
import { loadCommit } from '../../src/ostree/revision.ts';
import { commitObjects } from '../../src/tar/chunk.ts';
import { exportCommit, exportCommitAhead, exportOstreeLayer } from '../../src/tar/export-commit.ts';
import { TAR_PIECE_BYTES } from '../../src/tar/piece-memory.ts';
import { must } from '../e2e/support/run.ts';
import { tempDir } from '../e2e/support/scratch.ts';
import { commitHostileTree } from '../support/hostile-commit.ts';
import {
  FIXTURE_COMMIT,
  FIXTURE_CONTENT,
  FIXTURE_DETACHED,
  FIXTURE_OBJECTS,
  FIXTURE_UPDATE_COMMIT,
  updateOstreeFixture,
  writeOstreeFixture,
} from '../support/ostree-fixture.ts';
import { unlessInstalled, unlessRoot } from '../support/programs.ts';
import { digestOf, goldenTar } from '../support/tar-streams.ts';

const NO_CONTENT = { objects: new Map() };

test('the fixture, committed natively, has the ids that libostree gives it', async (t) => {
  const fixture = await writeOstreeFixture(await tempDir(t));
  assert.equal(fixture.commit, FIXTURE_COMMIT);
  const repo = await openRepository(fixture.path);
  const commit = await loadCommit(repo, fixture.commit);
  assert.equal(commit.rootTree, '7cdc830f88e37bc9516624cb275a2998b990ffe4fb15a6fac4c7245b68b1461a');
  assert.equal(commit.rootMeta, '60a960ec9a1b088a76c8e465c0876a4841ab32ea609dcbab76a02aeed0f11839');
  assert.equal(contentChecksum(commit), FIXTURE_CONTENT);
  const paths: Record<string, string> = {};
  for (const [checksum, places] of await commitObjects(repo.objects, fixture.commit)) {
    for (const path of places) paths[path] = checksum;
  }
  assert.deepEqual(paths, FIXTURE_OBJECTS);
  assert.equal(await updateOstreeFixture(fixture), FIXTURE_UPDATE_COMMIT);
});

test('a whole commit comes out byte for byte as from ostree-ext', async (t) => {
  const { path, commit } = await writeOstreeFixture(await tempDir(t));
  const { objects } = await openRepository(path);
  const tar = await collect(exportCommit(objects, commit));
  assert.ok(tar.equals(await goldenTar('fixture-whole-commit-nometa')));
  assert.deepEqual(
    await digestOf(exportCommitAhead(objects, commit)),
    await digestOf(exportCommit(objects, commit)),
  );
  assert.deepEqual(await digestOf(exportCommit(objects, commit)), {
    sha256: 'd9cd2218fae9930287ac0792c355ee8ce39cec72a5b0b1f6367d80fb958c2c0f',
    size: 212480,
  });
});

test('detached metadata follows its commit', async (t) => {
  const { path, commit } = await writeOstreeFixture(await tempDir(t), { detached: FIXTURE_DETACHED });
  const { objects } = await openRepository(path);
  const tar = await collect(exportCommit(objects, commit));
  assert.ok(tar.equals(await goldenTar('fixture-whole-commit-simplemeta')));
  assert.deepEqual(await digestOf(exportCommit(objects, commit)), {
    sha256: '3a36f0582cc1209755a1b2755ac1afd5aab8c867f1782633281ff826b0325d27',
    size: 214528,
  });
});

test('an ostree layer without content comes out byte for byte', async (t) => {
  const { path, commit } = await writeOstreeFixture(await tempDir(t));
  const { objects } = await openRepository(path);
  const tar = await collect(exportOstreeLayer(objects, commit, NO_CONTENT));
  assert.ok(tar.equals(await goldenTar('fixture-ostree-layer-structureonly')));
  assert.deepEqual(await digestOf(exportOstreeLayer(objects, commit, NO_CONTENT)), {
    sha256: 'c298599d7ade7d17258d52ea7dec51143306f335b1438dd5b4b2ce6985309647',
    size: 172032,
  });
});

test('the layer of an image that is not chunked is the structure and the chunk of everything', async (t) => {
  const { path, commit } = await writeOstreeFixture(await tempDir(t));
  const { objects } = await openRepository(path);
  const all = { objects: await commitObjects(objects, commit) };
  const layer = await collect(exportOstreeLayer(objects, commit, all));
  const structure = await goldenTar('fixture-ostree-layer-structureonly');
  const chunk = await goldenTar('fixture-chunk-allcontent');
  const emptyChunk = await goldenTar('fixture-chunk-empty-reserved');
  const end = 1024;
  assert.ok(
    layer.equals(Buffer.concat([structure.subarray(0, -end), chunk.subarray(emptyChunk.length - end)])),
  );
});

test('pieces are few, and the same commit gives the same bytes', async (t) => {
  const writer = await ArchiveWriter.create(await tempDir(t));
  const commit = await commitHostileTree(writer);
  const { objects } = await openRepository(writer.path);
  const pieces: Buffer[] = [];
  for await (const piece of exportCommit(objects, commit)) pieces.push(piece);
  const size = Buffer.concat(pieces).length;
  assert.equal(size % 512, 0);
  assert.ok(pieces.length < size / (TAR_PIECE_BYTES / 8), `${pieces.length} pieces of ${size} bytes`);
  assert.ok(Buffer.concat(pieces).equals(await collect(exportCommit(objects, commit))));
});

const streams = { 'a whole commit': exportCommit, 'an ostree layer': exportWholeLayer } as const;

for (const [name, exporter] of Object.entries(streams)) {
  test(`${name} of a hostile tree: GNU tar extracts it, ostree checks and pulls it`, {
    skip: unlessInstalled('tar', 'ostree') || unlessRoot(),
  }, async (t) => {
    const folder = await tempDir(t);
    const writer = await ArchiveWriter.create(join(folder, 'source'));
    const commit = await commitHostileTree(writer);
    const { objects } = await openRepository(writer.path);
    await writeFileAtomic(join(folder, 'stream.tar'), exporter(objects, commit));
    const root = join(folder, 'root');
    await mkdir(root);
    await must(['tar', '-xpf', join(folder, 'stream.tar'), '-C', root]);
    const repo = join(root, 'sysroot/ostree/repo');
    await must(['ostree', `--repo=${repo}`, 'fsck']);
    const copy = join(folder, 'copy');
    await must(['ostree', `--repo=${copy}`, 'init', '--mode=archive']);
    await must(['ostree', `--repo=${copy}`, 'config', 'set', 'core.min-free-space-percent', '0']);
    await must(['ostree', `--repo=${copy}`, 'pull-local', repo, commit]);
    await must(['ostree', `--repo=${copy}`, 'fsck']);
  });
}

async function* exportWholeLayer(
  ...[source, commit]: Parameters<typeof exportCommit>
): AsyncGenerator<Buffer> {
  yield* exportOstreeLayer(source, commit, { objects: await commitObjects(source, commit) });
}
