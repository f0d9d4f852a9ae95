import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import test, { after, before } from 'node:test';
import { writeFileAtomic } from '../../src/base/atomic-file.ts';
import { VERSION } from '../../src/base/version.ts';
import { encapsulate } from '../../src/container/encapsulate/encapsulate.ts';
import { finishImage } from '../../src/container/encapsulate/image-draft.ts';
import type { PlanLayers } from '../../src/container/encapsulate/layer-plan.ts';
import { buildMirror } from '../../src/mirror/build.ts';
import { DELTAS_HISTORY, OBJECTS_HISTORY } from '../../src/mirror/layout.ts';
import { openPublishedRepo } from '../../src/mirror/open-published.ts';
import { publicationOf } from '../../src/mirror/published-refs.ts';
import { publishImage } from '../../src/oci/write/publish.ts';
import type { Checksum } from '../../src/ostree/checksum.ts';
import { commitTree } from '../../src/ostree/commit-tree.ts';
import { deltaDirectory } from '../../src/ostree/delta-name.ts';
import { loosePath } from '../../src/ostree/object-name.ts';
import { reachableObjects } from '../../src/ostree/walk.ts';
import { readEntries } from '../../src/tar/read-entries.ts';
import {
  buildInto,
  ENCAPSULATE_OPTIONS,
  encapsulateInto,
  tinyRuntime,
  unpackLayers,
  withImage,
} from '../support/mirror-images.ts';
import {
  boundTo,
  MIRROR_REF,
  type MirrorSource,
  mirrorTree,
  writeMirrorSource,
} from '../support/mirror-repos.ts';
import { MIRROR_OBJECTS, readAll } from '../support/mirror-root.ts';
import { unlessInstalled } from '../support/programs.ts';
import { snapshotInto } from '../support/snapshots.ts';

let directory: string;
let source: MirrorSource;
before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'treeport-build-'));
  source = await writeMirrorSource(join(directory, 'repo'));
});
after(() => rm(directory, { recursive: true }));

test('the encapsulated layers come first, unchanged; our two layers follow', async () => {
  const [mirror, plain] = [join(directory, 'mirror'), join(directory, 'plain')];
  await buildInto(mirror, source.repo, [MIRROR_REF]);
  await encapsulateInto(plain, source.repo, source.commit);
  const layersOf = (path: string) => withImage(path, async ({ manifest }) => manifest.layers);
  const [of, encapsulated] = [await layersOf(mirror), await layersOf(plain)];
  assert.deepEqual(of.slice(0, encapsulated.length), encapsulated);
  assert.equal(of.length, encapsulated.length + 2);
});

test('configuration and labels start the mirror and still describe the encapsulated part', async () => {
  const path = join(directory, 'described');
  await buildInto(path, source.repo, [MIRROR_REF]);
  await withImage(path, async ({ config, manifest }) => {
    const { Labels: labels = {}, ...execution } = config.config ?? {};
    const at = (file: string) => `/sysroot/ostree/repo/extensions/treeport/${file}`;
    assert.deepEqual(execution, {
      Entrypoint: [
        at('lib/ld.so'),
        '--library-path',
        at('lib'),
        at('bin/node'),
        '--max-semi-space-size=2',
        at('app/treeport.mjs'),
        'serve',
      ],
      ExposedPorts: { '8080/tcp': {} },
      User: '65532:65532',
      WorkingDir: '/',
      StopSignal: 'SIGTERM',
    });
    assert.equal(labels['ostree.final-diffid'], config.rootfs.diff_ids[0]);
    assert.equal(labels['ostree.commit'], source.commit);
    assert.equal(labels['org.opencontainers.image.revision'], source.commit);
    assert.equal(labels['org.opencontainers.image.ref.name'], MIRROR_REF);
    assert.equal(labels['treeport.refs'], MIRROR_REF);
    assert.equal(labels['treeport.version'], VERSION);
    assert.deepEqual(manifest.annotations, labels);
    assert.equal(config.history?.length, manifest.layers.length);
    assert.equal(config.rootfs.diff_ids.length, manifest.layers.length);
  });
});

test('deltas are a layer of their own; the layers of commit and runtime stay as they are', async () => {
  const delta = join(directory, 'repo', deltaDirectory({ from: source.first, to: source.commit }));
  const [plain, carrying] = [join(directory, 'no deltas'), join(directory, 'deltas')];
  await buildInto(plain, source.repo, [MIRROR_REF], [], 'all');
  for (const file of ['superblock', '0']) await writeFileAtomic(join(delta, file), Buffer.from(file));
  await buildInto(carrying, source.repo, [MIRROR_REF], [], 'all');
  await rm(delta, { recursive: true });
  const layersOf = (path: string) =>
    withImage(path, async ({ config, manifest }) =>
      manifest.layers.map(({ digest }, index) => ({ digest, by: config.history?.[index] })),
    );
  const [without, withDeltas] = [await layersOf(plain), await layersOf(carrying)];
  const added = withDeltas.filter(({ by }) => by?.created_by?.startsWith(DELTAS_HISTORY));
  assert.equal(added.length, 1);
  const rest = withDeltas.filter((layer) => !added.includes(layer));
  assert.deepEqual(rest.slice(0, -1), without.slice(0, -1));
  await withImage(carrying, async (image) => {
    const paths: string[] = [];
    const at = withDeltas.indexOf(added[0] ?? assert.fail());
    for await (const { path } of readEntries(image.layer(image.manifest.layers[at] ?? assert.fail())))
      paths.push(path.slice(path.indexOf('/repo/deltas/') + '/repo/'.length));
    const directoryName = deltaDirectory({ from: source.first, to: source.commit });
    assert.deepEqual(paths, [`${directoryName}/0`, `${directoryName}/superblock`]);
  });
});

test('equal input gives an equal image', async () => {
  const baked = (name: string) => buildInto(join(directory, name), source.repo, [MIRROR_REF], [], 'all');
  assert.equal(await baked('baked once'), await baked('baked again'));
  const build = (name: string) => buildInto(join(directory, name), source.repo, [MIRROR_REF]);
  assert.equal(await build('once'), await build('again'));
});

test('our layers have nothing but regular files below the mirror’s home', async () => {
  const path = join(directory, 'rules');
  await buildInto(path, source.repo, [MIRROR_REF, source.first], [], 'all');
  await withImage(path, async (image) => {
    for (const layer of image.manifest.layers.slice(-3)) {
      for await (const { path: entry, type } of readEntries(image.layer(layer))) {
        assert.match(entry, /^sysroot\/ostree\/repo\/extensions\/treeport\//);
        assert.equal(type, 'file', entry);
      }
    }
  });
});

test('the objects of further commits are in layers of their own, those that a snapshot has', async () => {
  const [mirror, snapshot] = [join(directory, 'of two'), join(directory, 'snapshot of two')];
  await buildInto(mirror, source.repo, [MIRROR_REF, source.first], [], 'all');
  await snapshotInto(snapshot, source.repo, { mainRef: MIRROR_REF, depth: 1 });
  const objectLayers = (path: string) =>
    withImage(path, async ({ config, manifest }) =>
      manifest.layers.filter((_, at) => config.history?.[at]?.created_by?.startsWith(OBJECTS_HISTORY)),
    );
  const layers = await objectLayers(mirror);
  assert.equal(layers.length, 2);
  assert.deepEqual(layers, await objectLayers(snapshot));
  await withImage(mirror, async (image) => {
    const kinds = new Set<string>();
    for await (const { path } of readEntries(image.layer(layers[0] ?? assert.fail())))
      kinds.add(extname(path));
    assert.deepEqual([...kinds].toSorted(), ['.commit', '.dirtree']);
  });
});

test('all published commits are complete in the unpacked image', {
  skip: unlessInstalled('tar'),
}, async () => {
  const path = join(directory, 'both');
  await buildInto(path, source.repo, [MIRROR_REF, source.first]);
  const repo = await openPublishedRepo(await unpackLayers(path, join(directory, 'unpacked/root')));
  for (const commit of [source.commit, source.first]) {
    assert.equal(await readAll(repo.objects, commit), MIRROR_OBJECTS);
  }
  repo.close();
});

test('a published repo without objects of its own is a repository in the unpacked image', {
  skip: unlessInstalled('tar'),
}, async () => {
  const readable = { kind: 'file', mode: 0o644, content: 'x' } as const;
  const tree = { kind: 'directory', mode: 0o755, entries: new Map([['text', readable]]) } as const;
  const commit = await commitTree(source.writer, tree, { timestamp: 5, metadata: boundTo() });
  const path = join(directory, 'readable');
  await buildInto(path, source.repo, [commit]);
  const published = await unpackLayers(path, join(directory, 'unpacked-readable/root'));
  assert.deepEqual(readdirSync(join(published, 'objects')), ['.keep']);
});

test('a closed root directory is opened for the ids that mirrors run as', {
  skip: unlessInstalled('tar'),
}, async () => {
  const closed = { ...mirrorTree('closed'), mode: 0o700 };
  const commit = await commitTree(source.writer, closed, { timestamp: 5, metadata: boundTo() });
  const path = join(directory, 'closed');
  await buildInto(path, source.repo, [commit]);
  const root = join(directory, 'opened/root');
  await unpackLayers(path, root);
  assert.equal((await stat(root)).mode & 0o7777, 0o755);
});

test('a runtime of another architecture is refused before anything is written', async () => {
  const publication = await publicationOf(source.repo, [MIRROR_REF], () => {});
  const path = join(directory, 'foreign');
  const building = publishImage({ transport: 'oci', name: path }, (sink) =>
    buildMirror(source.repo, sink, {
      ...ENCAPSULATE_OPTIONS,
      architecture: 's390x',
      publication,
      runtimeFor: () => tinyRuntime('riscv64'),
      bake: 'none',
      deltas: [],
      warn: () => {},
    }),
  );
  await assert.rejects(building, { code: 'ERR_RUNTIME', message: /for s390x and the runtime for riscv64/ });
  await assert.rejects(stat(path), { code: 'ENOENT' });
});

test('a corrupt object is named, and no image is left', async () => {
  const own = await writeMirrorSource(join(directory, 'corrupt'));
  const files: Checksum[] = [];
  for await (const { type, checksum } of reachableObjects(own.repo.objects, own.commit)) {
    if (type === 'file') files.push(checksum);
  }
  const [victim] = files as [Checksum];
  await rm(join(own.repo.path, loosePath(victim, 'filez')));
  const path = join(directory, 'no-image');
  await assert.rejects(buildInto(path, own.repo, [MIRROR_REF]), {
    code: 'ERR_OBJECT_MISSING',
    message: new RegExp(victim),
  });
  assert.ok(!readdirSync(directory).includes('no-image'));
});

test('a mirror image of component layers shares them with the encapsulated image, and serves every object', {
  skip: unlessInstalled('tar'),
}, async () => {
  const plan: PlanLayers = (objects) => {
    const half = (n: number) => new Map([...objects].filter((_, at) => at % 2 === n));
    return [
      { name: '', packages: [], objects: new Map() },
      { name: 'a', packages: ['a'], objects: half(0) },
      { name: 'b', packages: ['b'], objects: half(1) },
    ];
  };
  const [mirror, plain] = [join(directory, 'chunked-mirror'), join(directory, 'chunked')];
  const options = { ...ENCAPSULATE_OPTIONS, plan, record: { layers: [[{ name: 'a' }], [{ name: 'b' }]] } };
  await publishImage({ transport: 'oci', name: plain }, async (sink) =>
    finishImage(sink, await encapsulate(source.repo.objects, source.commit, sink, options)),
  );
  const publication = await publicationOf(source.repo, [MIRROR_REF], () => {});
  await publishImage({ transport: 'oci', name: mirror }, (sink) =>
    buildMirror(source.repo, sink, {
      ...options,
      publication,
      runtimeFor: () => tinyRuntime(),
      bake: 'auto',
      deltas: [],
      warn: () => {},
    }),
  );
  const layersOf = (path: string) => withImage(path, async ({ manifest }) => manifest.layers);
  const encapsulated = await layersOf(plain);
  assert.equal(encapsulated.length, 3);
  assert.deepEqual((await layersOf(mirror)).slice(0, 3), encapsulated);
  const repo = await openPublishedRepo(await unpackLayers(mirror, join(directory, 'chunked-unpacked/root')));
  assert.equal(await readAll(repo.objects, source.commit), MIRROR_OBJECTS);
  repo.close();
});
