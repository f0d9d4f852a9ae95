/** The options of `container encapsulate` that distribute a commit over layers. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { Command } from 'commander';
import type { ErrorCode } from '../../src/base/error-codes.ts';
import { addEncapsulateOptions, encapsulateOptions } from '../../src/cli/encapsulate-options.ts';
import { addLayerOptions, type LayerCliOptions } from '../../src/cli/layer-options.ts';
import { planningOf, withPlan } from '../../src/cli/plan-layers.ts';
import { type UsedImages, withUsedImages } from '../../src/cli/used-images.ts';
import { encapsulate } from '../../src/container/encapsulate/encapsulate.ts';
import { finishImage } from '../../src/container/encapsulate/image-draft.ts';
import { publishImage } from '../../src/oci/write/publish.ts';
import type { Checksum } from '../../src/ostree/checksum.ts';
import { openRepository } from '../../src/ostree/repo/open.ts';
import { readLayout } from '../e2e/support/layout.ts';
import { mustTreeport, treeport } from '../e2e/support/run.ts';
import { tempDir } from '../e2e/support/scratch.ts';
import { commitHistory, debianTree } from '../support/package-trees.ts';

const LISTS = { a: ['/usr/bin/a'], b: ['/usr/bin/b'], c: ['/usr/bin/c'] };
const FILES = { 'usr/bin/a': 'a', 'usr/bin/b': 'bb', 'usr/bin/c': 'ccc', 'usr/own': 'own' };

/** Builds images in this process, because starting one for each takes most of the time. */
async function place(t: TestContext) {
  const folder = await tempDir(t);
  const repo = join(folder, 'repo');
  const commits = await commitHistory(repo, [
    debianTree(LISTS, FILES),
    debianTree({ ...LISTS, d: ['/usr/bin/d'] }, { ...FILES, 'usr/bin/b': 'changed', 'usr/bin/d': 'new' }),
    FILES,
  ]);
  const [first, second, plain] = commits as [Checksum, Checksum, Checksum];
  const { objects } = await openRepository(repo);
  const parsed = (words: readonly string[]) =>
    addLayerOptions(addEncapsulateOptions(new Command())).parse(words, { from: 'user' }).opts();
  const target = (name: string) => ({ transport: 'oci', name: join(folder, name) }) as const;
  const planned = async (commit: Checksum, options: LayerCliOptions, images: UsedImages) =>
    (await planningOf(objects, commit, options, { images, previous: undefined })).make();
  /** Makes the image; returns it, and what was printed on stderr. */
  const build = async (commit: Checksum, name: string, ...words: readonly string[]) => {
    const options = parsed(['--compression-fast', ...words]);
    const stderr: string[] = [];
    const { mock } = t.mock.method(process.stderr, 'write', (text: string) => stderr.push(text) > 0);
    await withUsedImages({}, async (images) => {
      const all = withPlan(await encapsulateOptions(options), await planned(commit, options, images));
      const formerLayers = await images.layers(target(name));
      await publishImage(target(name), async (sink) =>
        finishImage(sink, await encapsulate(objects, commit, sink, { ...all, formerLayers })),
      );
    }).finally(() => mock.restore());
    const image = readLayout(join(folder, name));
    return { image, stderr: stderr.join(''), components: componentsOf(join(folder, name)) };
  };
  const refused = (code: ErrorCode, message: RegExp, ...words: readonly string[]) =>
    assert.rejects(
      withUsedImages({}, (images) => planned(first, parsed(words), images)),
      { code, message },
      words.join(' '),
    );
  const encapsulateWords = (...words: readonly string[]) => [
    'container',
    'encapsulate',
    '--repo',
    repo,
    ...words,
  ];
  const usage = async (...words: readonly string[]) => {
    const { status, stderr } = await treeport(encapsulateWords(...words, first, `oci:${folder}/refused`));
    assert.equal(status, 2);
    assert.match(stderr, /^treeport: ERR_USAGE: [^\n]+\n$/);
    return stderr;
  };
  return { folder, repo, first, second, plain, build, refused, usage, encapsulateWords };
}

/** The annotation of each layer. */
function componentsOf(layout: string): readonly (string | undefined)[] {
  const read = (path: string) => JSON.parse(readFileSync(join(layout, path), 'utf8'));
  const digest: string = read('index.json').manifests.at(-1).digest;
  const { layers } = read(`blobs/${digest.replace(':', '/')}`);
  return layers.map(
    ({ annotations }: { annotations?: Record<string, string> }) => annotations?.['ostree.components'],
  );
}

test('a system with packages has component layers, one without has one layer', async (t) => {
  const { first, plain, build } = await place(t);
  const { image, components, stderr } = await build(first, 'image');
  assert.equal(stderr, '');
  assert.ok(components.length > 4);
  assert.equal(components[0], undefined);
  assert.ok(components.some((names) => names?.split(',').includes('a')));
  assert.equal(components.at(-1), '');
  assert.equal(image.config.config.Labels?.['ostree.final-diffid'], image.layers.at(-1)?.diffId);
  assert.equal((await build(plain, 'plain')).components.length, 1);
  assert.equal((await build(first, 'none', '--packages', 'none')).components.length, 1);
});

test('a build goes on from an image, a manifest and a contentmeta file, and says when it cannot', async (t) => {
  const { folder, first, second, build } = await place(t);
  const meta = join(folder, 'meta.json');
  const compatible = ['--packing', 'compatible'];
  const before = await build(first, 'first', ...compatible, '--write-contentmeta-json', meta);
  const index = JSON.parse(readFileSync(join(folder, 'first/index.json'), 'utf8'));
  const manifest = join(folder, 'first/blobs', index.manifests[0].digest.replace(':', '/'));
  const expected = before.components.with(-1, 'd');
  for (const [option, value] of [
    ['--previous-build', `oci:${join(folder, 'first')}`],
    ['--previous-build', `ostree-unverified-image:oci:${join(folder, 'first')}`],
    ['--previous-build-manifest', manifest],
    ['--contentmeta', meta],
  ] as const) {
    const after = await build(second, `after${option}`, ...compatible, option, value);
    assert.deepEqual([after.components, after.stderr], [expected, ''], option);
    rmSync(join(folder, `after${option}`), { recursive: true });
  }
  const missing = await build(second, 'missing', ...compatible, '--previous-build', `oci:${folder}/nothing`);
  assert.match(missing.stderr, /^treeport: warning: the plan of layers is made afresh: .*nothing/);
  await build(first, 'single', '--packing', 'single');
  const single = await build(second, 'afresh', ...compatible, '--previous-build', `oci:${folder}/single`);
  assert.match(single.stderr, /made afresh: oci:.*single has no plan: it has one layer/);
  assert.deepEqual(single.components, missing.components);
});

test('an unchanged image is made from a layer cache without reading the tree again', async (t) => {
  const { folder, repo, first, encapsulateWords } = await place(t);
  const cache = ['--layer-cache', join(folder, 'cache')];
  const build = (name: string, ...words: readonly string[]) =>
    mustTreeport(encapsulateWords('--quiet', ...words, first, `oci:${folder}/${name}`));
  const digest = await build('first', ...cache);
  assert.equal(await build('uncached'), digest);
  const removed = readdirSync(join(repo, 'objects'), { recursive: true, encoding: 'utf8' }).filter((name) =>
    /\.(?:dirtree|filez)$/.test(name),
  );
  assert.ok(removed.length > 0);
  for (const name of removed) rmSync(join(repo, 'objects', name));
  assert.equal(await build('again', ...cache), digest);
  await assert.rejects(build('other', ...cache, '--max-layers', '5'), /ERR_OBJECT_MISSING/);
});

test('unchanged layers of the previous image in a layout are not built again', async (t) => {
  const { folder, first, second, build } = await place(t);
  await build(first, 'image');
  const cold = await build(second, 'cold', '--previous-build', `oci:${folder}/image`);
  // A blob without content stands for one that is copied: it is noticed, and the layer is built.
  const blobs = join(folder, 'image/blobs/sha256');
  const shared = readLayout(join(folder, 'image')).layers.find(({ digest }) =>
    cold.image.layers.some((layer) => layer.digest === digest),
  );
  assert.ok(shared);
  writeFileSync(join(blobs, shared.digest.slice(7)), 'damaged');
  const repaired = await build(second, 'repaired', '--previous-build', `oci:${folder}/image`);
  assert.equal(repaired.image.digest, cold.image.digest);
});

test('options that exclude each other, and files that make no sense', async (t) => {
  const { folder, refused, usage } = await place(t);
  const mapping = join(folder, 'mapping.json');
  writeFileSync(mapping, '{"version":1,"layers":{},"mapping":{}}');
  assert.match(
    await usage('--previous-build', 'oci:a', '--previous-build-manifest', 'b'),
    /--previous-build-manifest/,
  );
  assert.match(await usage('--config', 'a', '--image-config', 'b'), /--image-config/);
  assert.match(await usage('--max-layers', '0'), /1 to 9999/);
  assert.match(await usage('--format-version', '3'), /1 or 2/);
  for (const other of [
    ['--packing', 'stable'],
    ['--max-layers', '9'],
    ['--packages', 'rpm'],
  ])
    await refused('ERR_USAGE', new RegExp(`excludes ${other[0]}`), '--contentmeta', mapping, ...other);
  for (const other of [
    ['--max-layers', '9'],
    ['--contentmeta', mapping],
  ])
    await refused('ERR_USAGE', /excludes --/, '--packing', 'single', ...other);
  await refused('ERR_CONTENTMETA', /does not map object [0-9a-f]{64} /, '--contentmeta', mapping);
  await refused('ERR_LAYER_PLAN', /at least \d/, '--packing', 'compatible', '--max-layers', '2');
  await refused('ERR_PACKAGE_DATABASE', /no rpm database/, '--packages', 'rpm');
  await refused('ERR_IMAGE_UNSUPPORTED', /mapping\.json/, '--previous-build-manifest', mapping);
});

test('--dry-run prints the plan and writes nothing', async (t) => {
  const { folder, first, plain, encapsulateWords } = await place(t);
  const dryRun = (commit: Checksum, ...words: readonly string[]) =>
    mustTreeport(encapsulateWords('--dry-run', ...words, commit, `oci:${folder}/dry`));
  const lines = (await dryRun(first)).split('\n');
  assert.match(
    lines[0] ?? '',
    /^commit [0-9a-f]{64}: packing stable, the ostree layer and \d+ component layers$/,
  );
  assert.ok(
    lines.some((line) => /^\d+ +\d+ bytes +\d+ % +[\d.]+ kB +.*a:amd64=1/.test(line)),
    lines.join('\n'),
  );
  assert.match(
    lines.at(-1) ?? '',
    /every 14 days is expected to download .* of .*bytes, before compression$/,
  );
  const { commit, packing, layers, expected, interval } = JSON.parse(await dryRun(first, '--json'));
  assert.deepEqual([commit, packing, interval], [first, 'stable', 14]);
  assert.equal(layers.length, lines.length - 3);
  assert.deepEqual(layers[0].layer, 1);
  assert.ok(layers.flatMap(({ components }: { components: string[] }) => components).includes('a:amd64=1'));
  assert.ok(layers[0].chance > 0 && expected > 0);
  assert.match(await dryRun(plain), /one layer, of which an update downloads everything$/);
  assert.ok(!existsSync(join(folder, 'dry')));
});

test('compose container-encapsulate compares with the former build, and ends as rpm-ostree', async (t) => {
  const { folder, repo, first, second, build } = await place(t);
  const former = await build(first, 'image', '--packing', 'compatible');
  const words = ['compose', 'container-encapsulate', '--quiet', '--compression-fast', '--repo', repo];
  const target = `oci:${folder}/image`;
  const options = ['--packing', 'compatible', '--previous-build', target, '--compare-with-build', target];
  const lines = (await mustTreeport([...words, ...options, second, target])).split('\n');
  const image = readLayout(join(folder, 'image'));
  assert.notEqual(image.digest, former.image.digest);
  assert.equal(lines[0], `Pushed digest: ${image.digest}`);
  assert.match(lines[1] ?? '', /^Total new layers: /);
  const downloads = lines.filter((line) => line.startsWith('download '));
  assert.ok(
    downloads.some((line) => / {2}changed: b:amd64$/.test(line)),
    lines.join('\n'),
  );
  assert.ok(!downloads.some((line) => /\ba:amd64|\bc:amd64/.test(line)), lines.join('\n'));
});
