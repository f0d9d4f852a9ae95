import assert from 'node:assert/strict';
import { globSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { after, before } from 'node:test';
import { collect } from '../../src/base/bytes.ts';
import { finishImage } from '../../src/container/encapsulate/image-draft.ts';
import { VIRTUAL_DELTAS, VIRTUAL_PROFILES, virtualDeltaPath } from '../../src/delta/virtual/virtual-delta.ts';
import { fileFromBytes, layerTar } from '../../src/mirror/layer.ts';
import type { BakedShare } from '../../src/mirror/mirror-layers.ts';
import { openPublishedRepo } from '../../src/mirror/open-published.ts';
import { storeVirtualDeltas } from '../../src/mirror/store-virtual-deltas.ts';
import { type Digest, digestOf } from '../../src/oci/model/descriptor.ts';
import { hostPlatform } from '../../src/oci/model/platform.ts';
import { writeLayer } from '../../src/oci/write/layer-writer.ts';
import { publishImage } from '../../src/oci/write/publish.ts';
import type { ObjectName } from '../../src/ostree/object-name.ts';
import type { ObjectSource } from '../../src/ostree/object-source.ts';
import { fileChecksum } from '../../src/ostree/verify.ts';
import { reachableObjects } from '../../src/ostree/walk.ts';
import { exportCommit } from '../../src/tar/export-commit.ts';
import { exportAgain } from '../support/exported-again.ts';
import {
  buildInto,
  COMPRESSION,
  encapsulateInto,
  unpackLayers,
  withImage,
  wrapInto,
} from '../support/mirror-images.ts';
import { MIRROR_REF, type MirrorSource, writeMirrorSource } from '../support/mirror-repos.ts';
import { MIRROR_OBJECTS, readAll } from '../support/mirror-root.ts';
import { oldTarStream } from '../support/old-tar-streams.ts';
import { unlessInstalled } from '../support/programs.ts';

const skip = unlessInstalled('tar');
const CREATED = '2024-01-02T03:04:05Z';

let directory: string;
let source: MirrorSource;
let encapsulated: string;
before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'treeport-wrap-'));
  source = await writeMirrorSource(join(directory, 'repo'));
  encapsulated = join(directory, 'encapsulated');
  await encapsulateInto(encapsulated, source.repo, source.commit);
});
after(() => rm(directory, { recursive: true }));

test('wrapping computes the virtual deltas of the source repository', { skip }, async () => {
  const wrapped = join(directory, 'virtual');
  await wrapInto(wrapped, encapsulated, { virtualDeltas: true, warn: (message) => assert.fail(message) });
  const repo = await unpackLayers(wrapped, join(wrapped, 'unpacked/root'));
  const expected = join(directory, 'virtual-deltas-of-source');
  await storeVirtualDeltas(expected, source.repo.objects, [source.commit]);
  const paths = VIRTUAL_PROFILES.map((profile) => virtualDeltaPath(source.commit, profile));
  assert.deepEqual(globSync(`${VIRTUAL_DELTAS}/*/*/*`, { cwd: repo }).toSorted(), paths.toSorted());
  for (const path of paths)
    assert.ok((await readFile(join(repo, path))).equals(await readFile(join(expected, path))), path);
  const published = await openPublishedRepo(repo);
  assert.equal(await readAll(published.objects, source.commit), MIRROR_OBJECTS);
  published.close();
});

test('wrapping bakes the same packs as building, into layers of their own', { skip }, async () => {
  const [built, wrapped] = [join(directory, 'baked'), join(directory, 'baked-wrapped')];
  await buildInto(built, source.repo, [MIRROR_REF], [], 'all');
  const told: BakedShare[] = [];
  await wrapInto(wrapped, encapsulated, { bake: 'all', onBaked: (baked) => told.push(baked) });
  const packsOf = (path: string) =>
    withImage(path, async ({ config, manifest: { layers } }) =>
      layers.filter((_, i) => config.history?.[i]?.created_by?.startsWith('treeport ready objects of ')),
    );
  const packs = await packsOf(built);
  assert.equal(packs.length, 1);
  assert.deepEqual(await packsOf(wrapped), packs);
  // Neither the three that not everyone may read are in it, nor the metadata.
  assert.deepEqual(told[0]?.objects, 7);
  assert.equal(told[0]?.layerBytes, packs[0]?.size);
  for (const path of [built, wrapped]) {
    const repo = await openPublishedRepo(await unpackLayers(path, join(path, 'unpacked/root')));
    for await (const { type, checksum } of reachableObjects(repo.objects, source.commit)) {
      if (type === 'file' && repo.ready?.find(checksum) !== undefined)
        assert.equal(await fileChecksum(await repo.ready.content(checksum)), checksum);
    }
    repo.close();
  }
});

type Layers = readonly AsyncIterable<Uint8Array>[];

/** An image of these tars, the first `ostreeLayers` of which are the ostree ones. */
async function makeImage(name: string, tars: Layers, ostreeLayers: number): Promise<string> {
  const path = join(directory, name);
  await publishImage({ transport: 'oci', name: path }, async (sink) => {
    const layers = [];
    for (const tar of tars) {
      const { descriptor, diffId } = await writeLayer(sink, tar, { compression: COMPRESSION });
      layers.push({ descriptor, diffId, history: { created: CREATED, created_by: 'test' } });
    }
    const final = layers[ostreeLayers - 1]?.diffId;
    return finishImage(sink, {
      platform: hostPlatform(),
      created: CREATED,
      config: { Env: ['KEPT=yes'], Cmd: ['/usr/bin/bash'], Labels: { kept: 'yes' } },
      labels: final === undefined ? {} : { 'ostree.final-diffid': final },
      layers,
    });
  });
  return path;
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

test('a wrapped image holds what a built one does', { skip }, async () => {
  const [wrapped, built] = [join(directory, 'wrapped'), join(directory, 'built')];
  await wrapInto(wrapped, encapsulated);
  await buildInto(built, source.repo, [MIRROR_REF]);
  const wrappedRepo = await openPublishedRepo(await unpackLayers(wrapped, join(directory, 'w/root')));
  const builtRepo = await openPublishedRepo(await unpackLayers(built, join(directory, 'b/root')));
  for (const { objects } of [wrappedRepo, builtRepo]) {
    assert.equal(await readAll(objects, source.commit), MIRROR_OBJECTS);
  }
  for (const file of ['config', 'summary', `refs/heads/${MIRROR_REF}`]) {
    assert.deepEqual(
      await readFile(join(wrappedRepo.path, file)),
      await readFile(join(builtRepo.path, file)),
    );
  }
  assert.deepEqual(await readyFiles(wrappedRepo.path), await readyFiles(builtRepo.path));
  wrappedRepo.close();
  builtRepo.close();
});

/** Ready objects by path, with their bytes. */
async function readyFiles(path: string): Promise<ReadonlyMap<string, string>> {
  const files = globSync('objects/??/*.filez', { cwd: path }).toSorted();
  const pairs = files.map(async (file) => [file, await readFile(join(path, file), 'base64')] as const);
  return new Map(await Promise.all(pairs));
}

for (const generation of ['v0', 'linked'] as const) {
  test(`an image of an earlier generation is wrapped: ${generation}`, { skip }, async () => {
    const tar = await oldTarStream(source.repo.objects, source.commit, generation);
    const image = await makeImage(`old-${generation}`, [once(tar)], 1);
    const wrapped = join(directory, `wrapped-${generation}`);
    await wrapInto(wrapped, image);
    const root = join(directory, `root-${generation}/root`);
    const repo = await openPublishedRepo(await unpackLayers(wrapped, root));
    assert.equal(await readAll(repo.objects, source.commit), MIRROR_OBJECTS);
    repo.close();
  });
}

test('an image with several commits is wrapped as a mirror of all of them', { skip }, async () => {
  const { repo, first, commit } = source;
  const tars = [first, commit].map((one) => exportCommit(repo.objects, one));
  const image = await makeImage('several', tars, 2);
  const wrapped = join(directory, 'wrapped-several');
  const warnings: string[] = [];
  await wrapInto(wrapped, image, { warn: (message) => warnings.push(message) });
  const published = await openPublishedRepo(
    await unpackLayers(wrapped, join(directory, 'root-several/root')),
  );
  for (const one of [first, commit]) assert.equal(await readAll(published.objects, one), MIRROR_OBJECTS);
  assert.equal(await readFile(join(published.path, `refs/heads/${MIRROR_REF}`), 'utf8'), `${commit}\n`);
  assert.match(warnings.join('\n'), /is published as commit/);
  published.close();
});

test('layers, history and configuration stay; derived layers are kept, with a warning', async () => {
  const derived = layerTar([fileFromBytes('x', Buffer.from('derived'))]);
  const image = await makeImage('with-derived', [streamOf(source.repo.objects), derived], 1);
  const warnings: string[] = [];
  const wrapped = join(directory, 'wrapped-derived');
  await wrapInto(wrapped, image, { warn: (message) => warnings.push(message), labels: { mine: 'yes' } });
  const before = await withImage(image, async ({ config, manifest }) => ({ config, manifest }));
  await withImage(wrapped, async ({ config, manifest }) => {
    assert.deepEqual(manifest.layers.slice(0, 2), before.manifest.layers);
    assert.equal(manifest.layers.length, 4);
    assert.deepEqual(config.rootfs.diff_ids.slice(0, 2), before.config.rootfs.diff_ids);
    assert.deepEqual(config.history?.slice(0, 2), before.config.history);
    assert.deepEqual(config.config?.Env, ['KEPT=yes']);
    assert.equal(config.config?.Cmd, undefined);
    assert.equal(config.created, CREATED);
    const labels = config.config?.Labels ?? {};
    assert.deepEqual(
      [labels.kept, labels.mine, labels['ostree.final-diffid']],
      ['yes', 'yes', before.config.rootfs.diff_ids[0]],
    );
    assert.equal(manifest.annotations?.['ostree.final-diffid'], before.config.rootfs.diff_ids[0]);
  });
  assert.match(warnings[0] as string, /^1 layers on top/);
});

test('an image that was exported again has one diff-id for each layer when it is wrapped', async () => {
  const derived = layerTar([fileFromBytes('x', Buffer.from('derived'))]);
  const image = await makeImage('again', [streamOf(source.repo.objects), derived], 1);
  const own = await withImage(image, async ({ config }) => config.rootfs.diff_ids);
  const former = own.map((diffId) => digestOf(Buffer.from(diffId)));
  await exportAgain(image, [...former, ...own], former[0] as Digest);
  const wrapped = join(directory, 'wrapped-again');
  await wrapInto(wrapped, image);
  await withImage(wrapped, async ({ config, manifest }) => {
    assert.equal(config.rootfs.diff_ids.length, manifest.layers.length);
    assert.deepEqual(config.rootfs.diff_ids.slice(0, 2), own);
    assert.equal(config.config?.Labels?.['ostree.final-diffid'], own[0]);
  });
});

async function* streamOf(objects: ObjectSource): AsyncGenerator<Uint8Array> {
  yield await oldTarStream(objects, source.commit, 'linked');
}

test('an object that the image lacks is named', async () => {
  const wrapLacking = async (index: number, type: string) => {
    const names: ObjectName[] = [];
    for await (const name of reachableObjects(source.repo.objects, source.commit)) names.push(name);
    const left = names.filter((name) => name.type === type).at(index) as ObjectName;
    const tar = await oldTarStream(source.repo.objects, source.commit, 'linked');
    const image = await makeImage(`lacking-${type}`, [once(renamed(tar, left))], 1);
    await assert.rejects(wrapInto(join(directory, 'never'), image), {
      code: 'ERR_OBJECT_MISSING',
      message: `the image lacks object ${left.checksum}.${left.type} of its commit ${source.commit}`,
    });
  };
  await wrapLacking(-1, 'file');
  await wrapLacking(1, 'dirtree');
  await wrapLacking(0, 'dirmeta');
});

/** The stream with the entry of one object at a path where no importer looks; checksums of headers follow. */
function renamed(tar: Buffer, { checksum }: ObjectName): Buffer {
  const bytes = Buffer.from(tar);
  const path = `objects/${checksum.slice(0, 2)}/${checksum.slice(2)}`;
  for (let at = bytes.indexOf(path); at >= 0; at = bytes.indexOf(path, at + 1)) {
    bytes.write('ignored', at, 'latin1');
    resum(bytes, at - (at % 512));
  }
  return bytes;
}

function resum(bytes: Buffer, block: number): void {
  if (bytes.toString('latin1', block + 257, block + 262) !== 'ustar') return;
  bytes.fill(' ', block + 148, block + 156);
  let sum = 0;
  for (let at = block; at < block + 512; at++) sum += bytes[at] as number;
  bytes.write(`${sum.toString(8).padStart(7, '0')}\0`, block + 148, 'latin1');
}

test('an image that is none of ostree’s, or is a mirror already, is refused', async () => {
  const plain = await makeImage('plain', [layerTar([])], 0);
  const target = join(directory, 'refused');
  await assert.rejects(wrapInto(target, plain), {
    code: 'ERR_NOT_ENCAPSULATED',
    message: /plain has no label ostree.final-diffid/,
  });
  const mirror = join(directory, 'mirror');
  await wrapInto(mirror, encapsulated);
  await assert.rejects(wrapInto(target, mirror), { code: 'ERR_ALREADY_MIRROR' });
});

test('an image whose label names no layer, or whose layers have no commit, is refused', async () => {
  const stale = join(directory, 'stale');
  await publishImage({ transport: 'oci', name: stale }, (sink) =>
    finishImage(sink, {
      platform: hostPlatform(),
      created: CREATED,
      config: {},
      labels: { 'ostree.final-diffid': `sha256:${'0'.repeat(64)}` },
      layers: [],
    }),
  );
  const target = join(directory, 'refused');
  await assert.rejects(wrapInto(target, stale), { code: 'ERR_NOT_ENCAPSULATED', message: /has no layer/ });
  const empty = await makeImage('empty', [layerTar([])], 1);
  await assert.rejects(wrapInto(target, empty), { code: 'ERR_NOT_ENCAPSULATED', message: /0 commits/ });
});

test('names are given, and held against the binding', async () => {
  const target = join(directory, 'named');
  await assert.rejects(wrapInto(target, encapsulated, { refs: ['other'] }), { code: 'ERR_REF_BINDING' });
  await wrapInto(target, encapsulated, { refs: [MIRROR_REF] });
  const refs = await withImage(target, async ({ config }) => config.config?.Labels?.['treeport.refs']);
  assert.equal(refs, MIRROR_REF);
});

test('a damaged layer ends the wrapping', async () => {
  const tar = await collect(streamOf(source.repo.objects));
  tar.write('X', tar.indexOf('secret'), 'latin1');
  const image = await makeImage('damaged', [once(tar)], 1);
  await assert.rejects(wrapInto(join(directory, 'refused'), image), { code: 'ERR_OBJECT_CORRUPT' });
});
