import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import {
  type EncapsulateOptions,
  encapsulate,
  platformOf,
} from '../../../src/container/encapsulate/encapsulate.ts';
import { finishImage } from '../../../src/container/encapsulate/image-draft.ts';
import type { PlanLayers } from '../../../src/container/encapsulate/layer-plan.ts';
import { unencapsulate } from '../../../src/container/import/unencapsulate.ts';
import { encapsulatedLayers } from '../../../src/container/inspect/layers.ts';
import { LibostreeRepo } from '../../../src/native/ostree/repository.ts';
import { publishImage } from '../../../src/oci/write/publish.ts';
import type { Checksum } from '../../../src/ostree/checksum.ts';
import type { Commit } from '../../../src/ostree/commit.ts';
import { stringVariant } from '../../../src/ostree/metadata-dict.ts';
import { openRepository, type Repository } from '../../../src/ostree/repo/open.ts';
import { reachableObjects } from '../../../src/ostree/walk.ts';
import { commitObjects } from '../../../src/tar/chunk.ts';
import { directoryOwners } from '../../../src/tar/directory-owners.ts';
import { type ChunkOptions, exportChunk } from '../../../src/tar/export-chunk.ts';
import { exportOstreeLayer } from '../../../src/tar/export-commit.ts';
import { tempDir } from '../../e2e/support/scratch.ts';
import { repeatedChecksum } from '../../support/checksums.ts';
import { coded } from '../../support/expect.ts';
import { ENCAPSULATE_OPTIONS, withImage } from '../../support/mirror-images.ts';
import { writeMirrorSource } from '../../support/mirror-repos.ts';
import { digestOf } from '../../support/tar-streams.ts';

/** Deals the objects to three layers in turn; the last is the ostree layer's remainder. */
const inThree: PlanLayers = (objects) => {
  const part = (n: number) => new Map([...objects].filter((_, at) => at % 3 === n));
  return [
    { name: '', packages: [], objects: part(2) },
    { name: 'zlib and bash', packages: ['zlib', 'bash'], objects: part(0) },
    { name: 'Reserved for new packages', packages: [], objects: part(1) },
  ];
};

async function place(t: test.TestContext) {
  const folder = await tempDir(t);
  const { repo, commit } = await writeMirrorSource(join(folder, 'source'));
  const publish = (
    name: string,
    options: Partial<EncapsulateOptions>,
    transport = 'oci' as 'oci' | 'oci-archive',
  ) =>
    publishImage({ transport, name: join(folder, name) }, async (sink) =>
      finishImage(
        sink,
        await encapsulate(repo.objects, commit, sink, { ...ENCAPSULATE_OPTIONS, ...options }),
      ),
    );
  return { folder, repo, commit, publish };
}

test('a plan of three layers is written and imported again', async (t) => {
  const { folder, repo, commit, publish } = await place(t);
  await publish('image', { plan: inThree });
  const target = join(folder, 'target');
  LibostreeRepo.create(target, 'archive').close();
  await withImage(join(folder, 'image'), async (image) => {
    const [first, ...others] = image.manifest.layers;
    assert.equal(first?.annotations, undefined);
    assert.deepEqual(
      others.map(({ annotations }) => annotations),
      [{ 'ostree.components': 'bash,zlib' }, { 'ostree.components': '' }],
    );
    const { ostree, derived } = encapsulatedLayers(image);
    assert.deepEqual([ostree.length, derived.length], [3, 0]);
    assert.equal(image.config.config?.Labels?.['ostree.final-diffid'], image.config.rootfs.diff_ids.at(-1));
    assert.deepEqual(image.config.history?.map(({ created_by }) => created_by).slice(1), [
      'zlib and bash',
      'Reserved for new packages',
    ]);
    const report = await unencapsulate(image, { repo: target, verification: { kind: 'unverified' } });
    assert.equal(report.fetched, 3);
  });
  const imported = await openRepository(target);
  for await (const name of reachableObjects(repo.objects, commit))
    assert.ok(await imported.objects.has(name));
  assert.ok(!existsSync(join(target, 'state', `${commit}.commitpartial`)));
});

test('the layers are those of the exports, in the order of the plan, in a layout and in an archive', async (t) => {
  const { folder, repo, commit, publish } = await place(t);
  const digest = await publish('image', { plan: inThree });
  assert.equal(await publish('image.tar', { plan: inThree }, 'oci-archive'), digest);
  await publish('format-1', { plan: inThree, formatVersion: 1 });
  const directories = await directoryOwners(repo.objects, commit);
  for (const [name, format] of [
    ['image', { directories }],
    ['format-1', {}],
  ] as const) {
    const tars = await layersInThree(repo, commit, format);
    const diffIds = await Promise.all(tars.map(async (tar) => `sha256:${(await digestOf(tar)).sha256}`));
    await withImage(join(folder, name), async ({ config }) =>
      assert.deepEqual(config.rootfs.diff_ids, diffIds),
    );
  }
});

async function layersInThree({ objects }: Repository, commit: Checksum, format: ChunkOptions) {
  const [remainder, ...chunks] = await inThree(await commitObjects(objects, commit));
  return [
    exportOstreeLayer(objects, commit, remainder, format),
    ...chunks.map((chunk) => exportChunk(objects, chunk, format)),
  ];
}

test('one layer has format 1 unless it is asked for', async (t) => {
  const { publish } = await place(t);
  const digest = await publish('image', {});
  assert.equal(await publish('format-1', { formatVersion: 1 }), digest);
  assert.notEqual(await publish('format-2', { formatVersion: 2 }), digest);
});

test('progress adds up over the layers', async (t) => {
  const { repo, commit, publish } = await place(t);
  const state = { bytes: 0 };
  await publish('image', { plan: inThree, onProgress: (bytes) => (state.bytes += bytes) });
  const directories = await directoryOwners(repo.objects, commit);
  const tars = await layersInThree(repo, commit, { directories });
  const sizes = await Promise.all(tars.map(async (tar) => (await digestOf(tar)).size));
  assert.equal(
    state.bytes,
    sizes.reduce((sum, size) => sum + size, 0),
  );
});

test('a plan that loses, repeats or invents a path is refused, and leaves nothing', async (t) => {
  const { folder, publish } = await place(t);
  const foreign = new Map([[repeatedChecksum('f'), ['/foreign']]]);
  const layer = { name: 'extra', packages: [] };
  const plans: Record<string, PlanLayers> = {
    'no layer has /': (objects) => [{ name: '', packages: [], objects: new Map([...objects].slice(1)) }],
    'layer "extra" has /': (objects) => [
      { name: '', packages: [], objects },
      { ...layer, objects },
    ],
    'has /foreign': (objects) => [
      { name: '', packages: [], objects },
      { ...layer, objects: foreign },
    ],
    'names have no commas': (objects) => [{ name: '', packages: ['a,b'], objects }],
  };
  for (const [message, plan] of Object.entries(plans)) {
    await assert.rejects(publish('image', { plan }), coded('ERR_LAYER_PLAN', message));
  }
  assert.deepEqual(await readdir(folder), ['source']);
});

for (const transport of ['oci', 'oci-archive'] as const) {
  test(`a layer that fails stops the others and leaves nothing: ${transport}`, async (t) => {
    const { folder, repo, commit, publish } = await place(t);
    const [victim] = [...(await commitObjects(repo.objects, commit)).keys()];
    const { content } = repo.objects;
    delete repo.objects.openContent;
    repo.objects.content = async (checksum) => {
      const object = await content(checksum);
      if (checksum !== victim) return object;
      return { ...object, header: { ...object.header, uid: object.header.uid + 1 } };
    };
    await assert.rejects(publish('image', { plan: inThree }, transport), coded('ERR_OBJECT_CORRUPT'));
    assert.deepEqual(await readdir(folder), ['source']);
  });
}

test('a commit of an architecture that no image can have needs another one', () => {
  const of = (name: string): Commit => ({
    metadata: new Map([['ostree.architecture', stringVariant(name)]]),
    parent: undefined,
    subject: '',
    body: '',
    timestamp: 0,
    rootTree: repeatedChecksum('a'),
    rootMeta: repeatedChecksum('b'),
  });
  assert.equal(platformOf(of('aarch64'), undefined).architecture, 'arm64');
  assert.equal(platformOf(of('pdp11'), 'x86_64').architecture, 'amd64');
  assert.throws(() => platformOf(of('pdp11'), undefined), coded('ERR_METADATA_KEY', '"pdp11"', '--arch'));
});
