import assert from 'node:assert/strict';
import { existsSync, globSync } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import { blobRef } from '../../../src/container/import/blob-refs.ts';
import type { ImportEvent } from '../../../src/container/import/import-events.ts';
import { writeObjectSet } from '../../../src/container/import/object-set.ts';
import { type UnencapsulateOptions, unencapsulate } from '../../../src/container/import/unencapsulate.ts';
import { fileFromBytes, layerTar } from '../../../src/mirror/layer.ts';
import { LibostreeRepo } from '../../../src/native/ostree/repository.ts';
import { startTransaction } from '../../../src/native/ostree/start-transaction.ts';
import { type Digest, digestOf } from '../../../src/oci/model/descriptor.ts';
import { openImage } from '../../../src/oci/read/open-image.ts';
import type { OpenedImage } from '../../../src/oci/read/opened-image.ts';
import type { Checksum } from '../../../src/ostree/checksum.ts';
import { loosePath } from '../../../src/ostree/object-name.ts';
import { listHeads } from '../../../src/ostree/refs.ts';
import { ArchiveWriter } from '../../../src/ostree/repo/archive-writer.ts';
import { openRepository, type Repository } from '../../../src/ostree/repo/open.ts';
import { reachableObjects } from '../../../src/ostree/walk.ts';
import { exportChunk } from '../../../src/tar/export-chunk.ts';
import { exportOstreeLayer } from '../../../src/tar/export-commit.ts';
import { tempDir } from '../../e2e/support/scratch.ts';
import { chunkedTars, dealtObjects, makeImage } from '../../support/chunked-images.ts';
import { coded } from '../../support/expect.ts';
import { exportAgain } from '../../support/exported-again.ts';
import { startFlawedRegistry } from '../../support/flawed-registry.ts';
import { memorySink } from '../../support/memory-sink.ts';
import { encapsulateInto } from '../../support/mirror-images.ts';
import { writeMirrorSource } from '../../support/mirror-repos.ts';
import { oldTarStream } from '../../support/old-tar-streams.ts';
import { unlessInstalled } from '../../support/programs.ts';
import { oneFileTar } from '../../support/small-image.ts';
import { inPieces } from '../../support/tar-streams.ts';

const UNVERIFIED = { kind: 'unverified' } as const;

async function place(t: test.TestContext) {
  const folder = await tempDir(t);
  const source = await writeMirrorSource(join(folder, 'source'));
  const repo = join(folder, 'repo');
  LibostreeRepo.create(repo, 'archive').close();
  return { folder, source, commit: source.commit, objects: source.repo.objects, repo };
}

/**
 * Imports the image in the layout directory `path`; several layers come out of a slow registry, where skopeo
 * is.
 */
async function importImage(path: string, repo: string, options: Partial<UnencapsulateOptions> = {}) {
  const cleanUps: (() => Promise<void>)[] = [];
  const image = await openSlowly({ after: (cleanUp) => cleanUps.push(cleanUp as () => Promise<void>) }, path);
  try {
    return await unencapsulate(image, { repo, verification: UNVERIFIED, ...options });
  } finally {
    await image.close();
    for (const cleanUp of cleanUps) await cleanUp();
  }
}

async function openSlowly(t: Pick<test.TestContext, 'after'>, path: string): Promise<OpenedImage> {
  const image = await openImage({ transport: 'oci', name: path });
  if (image.manifest.layers.length === 1 || unlessInstalled('skopeo')) return image;
  await image.close();
  const { name } = await startFlawedRegistry(t, path, { late: 50 });
  return openImage({ transport: 'registry', name }, { insecureTls: true });
}

async function refsOf(repo: string): Promise<Record<string, string>> {
  return Object.fromEntries(await listHeads(await openRepository(repo)));
}

/** Every object of the commit is in the repository; nothing of it is partial. */
async function assertComplete(path: string, commit: Checksum, source: Repository): Promise<void> {
  const repo = await openRepository(path);
  for await (const name of reachableObjects(source.objects, commit)) assert.ok(await repo.objects.has(name));
  assert.deepEqual(globSync('state/*', { cwd: path }), []);
}

function assertNothingVisible(repo: string, commit: Checksum): void {
  assert.ok(!existsSync(join(repo, loosePath(commit, 'commit'))), 'the commit is not visible');
  assert.deepEqual(globSync('state/*', { cwd: repo }), []);
}

test('an image of one layer is imported, with a ref on its layer and the one that is asked for', async (t) => {
  const { folder, source, commit, repo } = await place(t);
  const path = join(folder, 'image');
  await encapsulateInto(path, source.repo, commit);
  const report = await importImage(path, repo, { writeRef: 'os/stable' });
  assert.deepEqual(report, { commit, signatures: [], fetched: 1, cached: 0, derived: 0 });
  await assertComplete(repo, commit, source.repo);
  const image = await openImage({ transport: 'oci', name: path });
  const [layer] = image.manifest.layers;
  assert.ok(layer);
  assert.deepEqual(await refsOf(repo), { 'os/stable': commit, [blobRef(layer.digest)]: commit });
});

test('what is in the repository is not fetched again', async (t) => {
  const { folder, commit, objects, repo } = await place(t);
  const path = join(folder, 'image');
  const tars = await chunkedTars(objects, commit, await dealtObjects(objects, commit, 3));
  const { layers } = await makeImage(path, tars);
  assert.equal((await importImage(path, repo)).fetched, 4);
  for (const blob of layers) await rm(join(path, 'blobs', blob.descriptor.digest.replace(':', '/')));
  const events: ImportEvent[] = [];
  const again = await importImage(path, repo, { writeRef: 'again', onEvent: (event) => events.push(event) });
  assert.deepEqual([again.commit, again.fetched, again.cached], [commit, 0, 4]);
  assert.equal((await refsOf(repo)).again, commit);
  assert.deepEqual(
    events.flatMap((event) => (event.event === 'layer' ? `${event.state} ${event.index}` : [])),
    ['cached 0', 'cached 1', 'cached 2', 'cached 3'],
  );
  assert.equal(events[0]?.event, 'commit');
  const total = layers.reduce((sum, { descriptor }) => sum + descriptor.size, 0);
  assert.deepEqual(events.at(-1), { event: 'progress', bytes: total, total });
});

test('layers that landed before an import ended early are not fetched again', async (t) => {
  const { folder, source, commit, objects, repo } = await place(t);
  const path = join(folder, 'image');
  const chunks = await dealtObjects(objects, commit, 3);
  const { layers } = await makeImage(path, await chunkedTars(objects, commit, chunks));
  const last = join(path, 'blobs', layers[3]?.descriptor.digest.replace(':', '/') ?? '');
  const bytes = await readFile(last);
  await writeFile(last, bytes.subarray(0, -9));
  const cut = coded('ERR_BLOB_CORRUPT', layers[3]?.descriptor.digest ?? '');
  await assert.rejects(importImage(path, repo, { writeRef: 'os', concurrency: 1 }), cut);
  assertNothingVisible(repo, commit);
  const refs = await refsOf(repo);
  assert.deepEqual(
    Object.keys(refs).toSorted(),
    [1, 2].map((at) => blobRef(layers[at]?.descriptor.digest ?? 'sha256:')).toSorted(),
  );
  const expected = await writeObjectSet(memorySink(), [...(chunks[0]?.keys() ?? [])]);
  assert.equal(refs[blobRef(layers[1]?.descriptor.digest ?? 'sha256:')], expected);

  await writeFile(last, bytes);
  const report = await importImage(path, repo, { writeRef: 'os' });
  assert.deepEqual(report, { commit, signatures: [], fetched: 2, cached: 2, derived: 0 });
  await assertComplete(repo, commit, source.repo);
});

test('a layer of which an object has gone meanwhile is fetched again', async (t) => {
  const { folder, source, commit, objects, repo } = await place(t);
  const path = join(folder, 'image');
  const chunks = await dealtObjects(objects, commit, 2);
  await makeImage(path, await chunkedTars(objects, commit, chunks));
  await importImage(path, repo);
  const [gone] = [...(chunks[1]?.keys() ?? [])];
  assert.ok(gone);
  await rm(join(repo, loosePath(gone, 'filez')));
  const report = await importImage(path, repo);
  assert.deepEqual([report.fetched, report.cached], [2, 1]);
  await assertComplete(repo, commit, source.repo);
});

/** A content object that belongs to no commit. */
async function stranger(folder: string) {
  const writer = await ArchiveWriter.create(join(folder, 'strange'));
  const header = { uid: 0, gid: 0, mode: 0o100644, target: '', xattrs: Buffer.alloc(0) };
  const checksum = await writer.file(header, Buffer.from('stranger'));
  return { checksum, objects: (await openRepository(writer.path)).objects };
}

test('an object that does not belong to the commit is named with its layer', async (t) => {
  const { folder, commit, objects, repo } = await place(t);
  const foreign = await stranger(folder);
  const foreignTar = exportChunk(foreign.objects, { objects: new Map([[foreign.checksum, ['/x']]]) });
  const tars = await chunkedTars(objects, commit, await dealtObjects(objects, commit, 1));
  const path = join(folder, 'image');
  const { layers } = await makeImage(path, [...tars, foreignTar]);
  const digest = layers[2]?.descriptor.digest ?? 'sha256:';
  const refused = coded('ERR_OBJECT_STRAY', `${foreign.checksum}.file`, digest);
  await assert.rejects(importImage(path, repo, { writeRef: 'os' }), refused);
  assertNothingVisible(repo, commit);
  const refs = await refsOf(repo);
  assert.deepEqual([refs.os, refs[blobRef(digest)]], [undefined, undefined]);

  // Also when the layer is there because another image has brought it.
  const target = LibostreeRepo.open(repo);
  const transaction = await startTransaction(target);
  await transaction.content(foreign.checksum, await foreign.objects.content(foreign.checksum));
  transaction.setRef(blobRef(digest), await writeObjectSet(transaction, [foreign.checksum]));
  await transaction.commit();
  target.close();
  await assert.rejects(importImage(path, repo), refused);
  assertNothingVisible(repo, commit);
});

test('an image whose layers do not hold all of the commit is refused', async (t) => {
  const { folder, commit, objects, repo } = await place(t);
  const [first, second] = await dealtObjects(objects, commit, 2);
  assert.ok(first && second);
  const path = join(folder, 'image');
  await makeImage(path, await chunkedTars(objects, commit, [first]));
  const refused = await importImage(path, repo, { writeRef: 'os' }).catch((error) => error);
  assert.ok(coded('ERR_OBJECT_MISSING', '.file of the commit')(refused));
  assert.ok(
    [...second.keys()].some((checksum) => refused.message.includes(checksum)),
    refused.message,
  );
  assertNothingVisible(repo, commit);
  assert.equal((await refsOf(repo)).os, undefined);
});

test('a label that ends the commit too early leaves it incomplete', async (t) => {
  const { folder, commit, objects, repo } = await place(t);
  const tars = await chunkedTars(objects, commit, await dealtObjects(objects, commit, 2));
  const path = join(folder, 'image');
  await makeImage(path, tars, { ostreeLayers: 2 });
  await assert.rejects(importImage(path, repo), coded('ERR_OBJECT_MISSING'));
  assertNothingVisible(repo, commit);
});

test('content may lie in the ostree layer and in component layers, and empty layers between them', async (t) => {
  const { folder, source, commit, objects, repo } = await place(t);
  const [rest, chunk] = await dealtObjects(objects, commit, 2);
  assert.ok(rest && chunk);
  const empty = () => exportChunk(objects, { objects: new Map() });
  const path = join(folder, 'image');
  const tars = [exportOstreeLayer(objects, commit, { objects: rest }), empty()];
  await makeImage(path, [...tars, exportChunk(objects, { objects: chunk }), empty()]);
  const report = await importImage(path, repo);
  assert.deepEqual(report, { commit, signatures: [], fetched: 3, cached: 1, derived: 0 });
  await assertComplete(repo, commit, source.repo);
});

test('derived layers are counted and left out', async (t) => {
  const { folder, source, commit, objects, repo } = await place(t);
  const tars = await chunkedTars(objects, commit, await dealtObjects(objects, commit, 1));
  const derived = [layerTar([fileFromBytes('x', Buffer.from('x'))]), inPieces(Buffer.from('no tar'))];
  const path = join(folder, 'image');
  await makeImage(path, [...tars, ...derived], { ostreeLayers: 2 });
  assert.deepEqual(await importImage(path, repo), {
    commit,
    signatures: [],
    fetched: 2,
    cached: 0,
    derived: 2,
  });
  await assertComplete(repo, commit, source.repo);
});

for (const generation of ['v0', 'linked'] as const) {
  test(`an image of the generation "${generation}" is imported`, async (t) => {
    const { folder, source, commit, objects, repo } = await place(t);
    const path = join(folder, 'image');
    await makeImage(path, [inPieces(await oldTarStream(objects, commit, generation))]);
    assert.equal((await importImage(path, repo)).commit, commit);
    await assertComplete(repo, commit, source.repo);
  });
}

test('an image of something else, a bad ref and a repository that is none are refused', async (t) => {
  const { folder, source, commit, repo } = await place(t);
  const path = join(folder, 'plain');
  await makeImage(path, [layerTar([])], { ostreeLayers: 0 });
  await assert.rejects(importImage(path, repo), coded('ERR_NOT_ENCAPSULATED', path, 'plain container image'));
  const image = join(folder, 'image');
  await encapsulateInto(image, source.repo, commit);
  await assert.rejects(importImage(image, repo, { writeRef: '../x' }), coded('ERR_REF_SYNTAX'));
  await assert.rejects(importImage(image, join(folder, 'none')), coded('ERR_REPO_MISSING'));
  assert.deepEqual(await refsOf(repo), {});
});

test('the commit is verified by the remote, whether its layer is fetched or not', async (t) => {
  const { folder, source, commit, repo } = await place(t);
  const path = join(folder, 'image');
  await encapsulateInto(path, source.repo, commit);
  const verification = { kind: 'remote', remote: 'origin' } as const;
  const refused = coded('ERR_REMOTE_MISSING', 'origin');
  await assert.rejects(importImage(path, repo, { verification }), refused);
  assertNothingVisible(repo, commit);
  await importImage(path, repo);
  await assert.rejects(importImage(path, repo, { verification, writeRef: 'os' }), refused);
  assert.equal((await refsOf(repo)).os, undefined);
});

test('an image that ostree-ext exported again, with two diff-ids for each layer', async (t) => {
  const { folder, source, commit, objects, repo } = await place(t);
  const path = join(folder, 'image');
  const tars = await chunkedTars(objects, commit, await dealtObjects(objects, commit, 2));
  const { layers } = await makeImage(path, [...tars, inPieces(oneFileTar('derived'))], { ostreeLayers: 3 });
  const own = layers.map(({ diffId }) => diffId);
  const former = own.map((diffId) => digestOf(Buffer.from(diffId)));
  await exportAgain(path, [...former, ...own], former[2] as Digest);
  assert.deepEqual(await importImage(path, repo), {
    commit,
    signatures: [],
    fetched: 3,
    cached: 0,
    derived: 1,
  });
  await assertComplete(repo, commit, source.repo);
});
