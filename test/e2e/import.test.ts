/**
 * Commits come back out of images, losslessly: ostree finds them whole, and encapsulated again they are the
 * same image.
 */
import assert from 'node:assert/strict';
import { cp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import { unlessInstalled } from '../support/programs.ts';
import { encapsulatedOs, mirrorOfOs, mirrorOfText } from './support/images.ts';
import { newRepo, ostreeFsck, signaturesOf, treeListing, visibleFolders } from './support/import-repo.ts';
import { readLayout } from './support/layout.ts';
import { OS_REF, osRepo, textRepo, unlessOsRepo } from './support/os-repo.ts';
import { checkRefused } from './support/refusal.ts';
import { must, mustTreeport, treeport } from './support/run.ts';
import { tempDir } from './support/scratch.ts';

const skip = unlessOsRepo();
const timeout = 300_000;

/** An image to import, of the kinds that there are. */
const IMAGES: Readonly<Record<string, (folder: string) => Promise<string>>> = {
  'as treeport makes it': async () => `oci:${(await encapsulatedOs()).path}`,
  'recompressed by skopeo as zstd': async (folder) => {
    const copy = ['skopeo', 'copy', '--quiet', '--dest-compress-format=zstd'];
    await must([...copy, `oci:${(await encapsulatedOs()).path}`, `oci:${folder}/zstd`]);
    return `oci:${folder}/zstd`;
  },
  'in an archive': async (folder) => {
    await must([
      'skopeo',
      'copy',
      '--quiet',
      `oci:${(await encapsulatedOs()).path}`,
      `oci-archive:${folder}/a.tar`,
    ]);
    return `oci-archive:${folder}/a.tar`;
  },
};

for (const [kind, make] of Object.entries(IMAGES)) {
  test(`an image ${kind} is imported, and encapsulated again it is the same`, {
    skip: skip || unlessInstalled('skopeo'),
    timeout,
  }, async (t) => {
    const folder = await tempDir(t);
    const { path: from, commit } = await osRepo();
    const repo = await newRepo(join(folder, 'repo'), 'bare');
    const words = ['container', 'unencapsulate', '--quiet', '--repo', repo, '--write-ref', OS_REF];
    const printed = await mustTreeport([...words, `ostree-unverified-image:${await make(folder)}`]);
    assert.equal(printed, `Imported: ${OS_REF} => ${commit}`);
    await ostreeFsck(repo);
    assert.equal(await treeListing(repo, commit), await treeListing(from, commit));
    assert.equal(await signaturesOf(repo, commit), await signaturesOf(from, commit));
    const again = ['container', 'encapsulate', '--quiet', '--repo', repo, OS_REF, `oci:${folder}/again`];
    assert.equal(await mustTreeport(again), (await encapsulatedOs()).digest);
  });
}

test('what is checked out of the imported commit is what was committed', { skip, timeout }, async (t) => {
  const folder = await tempDir(t);
  const { path: from, commit } = await osRepo();
  const repo = await newRepo(join(folder, 'repo'), 'bare');
  await mustTreeport([
    'container',
    'import',
    '--repo',
    repo,
    `ostree-unverified-image:oci:${(await encapsulatedOs()).path}`,
  ]);
  for (const [of, to] of [
    [from, 'was'],
    [repo, 'is'],
  ] as const)
    await must(['ostree', `--repo=${of}`, 'checkout', '-H', commit, join(folder, to)]);
  const facts = (tree: string) =>
    must(['find', '.', '-printf', '%p %y %m %U %G %s %l\\n'], { cwd: join(folder, tree) });
  const sorted = async (tree: string) => (await facts(tree)).split('\n').toSorted();
  const [was, is] = [await sorted('was'), await sorted('is')];
  assert.ok(was.length > 3000);
  const files = (lines: readonly string[]) => lines.filter((line) => !/ d \d+ /.test(line));
  assert.deepEqual(files(is), files(was));
  assert.equal(is.length, was.length);
  await must(['diff', '-r', '--no-dereference', 'was', 'is'], { cwd: folder });
});

test('a mirror image is imported without its own layers, and says so', { skip, timeout }, async (t) => {
  const folder = await tempDir(t);
  const { commit } = await osRepo();
  const { path } = await mirrorOfOs();
  const derived = readLayout(path).layers.length - 1;
  const repo = await newRepo(join(folder, 'repo'), 'bare');
  const words = ['container', 'import', '--repo', repo, `ostree-unverified-image:oci:${path}`];
  assert.deepEqual((await mustTreeport(words)).split('\n'), [
    `Imported: ${commit}`,
    `layers: 1 fetched, 0 cached, ${derived} derived left out`,
  ]);
  await ostreeFsck(repo);
  const again = await mustTreeport(words);
  assert.match(again, /layers: 0 fetched, 1 cached/);
});

test('signatures are verified with the keys of a remote, when a layer is fetched and when it is cached', {
  skip,
  timeout,
}, async (t) => {
  const folder = await tempDir(t);
  const { gpg, commit } = await osRepo();
  const repo = await newRepo(join(folder, 'repo'), 'bare');
  await must([
    'ostree',
    `--repo=${repo}`,
    'remote',
    'add',
    `--gpg-import=${gpg.publicKey}`,
    'origin',
    'http://127.0.0.1:1',
  ]);
  await must(['ostree', `--repo=${repo}`, 'remote', 'add', 'keyless', 'http://127.0.0.1:1']);
  const image = `oci:${(await encapsulatedOs()).path}`;
  const words = ['container', 'unencapsulate', '--repo', repo];
  const untouched = visibleFolders(repo);
  const keyless = [...words, `ostree-remote-image:keyless:${image}`];
  await checkRefused(keyless, { code: 'ERR_NO_KEYS', naming: ['keyless'], untouched });
  const nobody = [...words, `ostree-remote-image:nobody:${image}`];
  await checkRefused(nobody, { code: 'ERR_REMOTE_MISSING', naming: ['nobody'], untouched });
  const signed = [...words, `ostree-remote-image:origin:${image}`];
  for (const counts of ['layers: 1 fetched, 0 cached', 'layers: 0 fetched, 1 cached']) {
    const [imported, layers, signature] = (await mustTreeport(signed)).split('\n');
    assert.deepEqual([imported, layers], [`Imported: ${commit}`, counts]);
    assert.ok(signature?.startsWith(`signed: gpg ${gpg.id}`), signature);
  }
  await checkRefused(keyless, { code: 'ERR_NO_KEYS', naming: ['keyless'], untouched });
  const stripped = join(folder, 'stripped');
  await must(['ostree', `--repo=${stripped}`, 'init', '--mode=bare']);
  await must(['ostree', `--repo=${stripped}`, 'pull-local', repo, commit]);
  await rm(join(stripped, 'objects', commit.slice(0, 2), `${commit.slice(2)}.commitmeta`));
  const bare = `oci:${folder}/stripped-image`;
  await mustTreeport(['container', 'encapsulate', '--quiet', '--repo', stripped, commit, bare]);
  const unsigned = [...words, `ostree-remote-image:origin:${bare}`];
  await checkRefused(unsigned, { code: 'ERR_SIGNATURE_MISSING', naming: [commit], untouched });
});

test('a bare image reference is taken with --unverified only, and warns', { skip, timeout }, async (t) => {
  const folder = await tempDir(t);
  const { commit } = await textRepo();
  const repo = await newRepo(join(folder, 'repo'));
  const image = `oci:${(await mirrorOfText()).path}`;
  const words = ['container', 'unencapsulate', '--repo', repo, image];
  const naming = [`ostree-unverified-image:${image}`, '--unverified', 'ostree-remote-image:'];
  const untouched = [repo];
  await checkRefused(words, { code: 'ERR_UNVERIFIED_REFERENCE', status: 2, naming, untouched });
  await checkRefused(['container', 'import', '--repo', repo, 'nonsense'], {
    code: 'ERR_IMAGE_REFERENCE',
    status: 2,
    naming: ['ostree-remote-registry:'],
    untouched,
  });
  const { status, stdout, stderr } = await treeport([...words, '--unverified', '--quiet']);
  assert.deepEqual([status, stdout], [0, `Imported: ${commit}\n`]);
  assert.match(stderr, /^treeport: warning: [^\n]*not verified\n$/);
});

test('--json prints what happens, an object per line', { skip, timeout }, async (t) => {
  const folder = await tempDir(t);
  const { commit } = await textRepo();
  const repo = await newRepo(join(folder, 'repo'));
  const { path } = await mirrorOfText();
  const { layers } = readLayout(path);
  const words = ['container', 'unencapsulate', '--json', '--repo', repo, '--write-ref', 'text'];
  const printed = await mustTreeport([...words, `ostree-unverified-image:oci:${path}`]);
  const events = printed.split('\n').map((line) => JSON.parse(line));
  const [layer] = layers;
  const common = { event: 'layer', index: 0, digest: layer?.digest, size: layer?.size };
  assert.deepEqual(
    events.filter(({ event }) => event !== 'progress'),
    [
      { ...common, state: 'fetching' },
      { event: 'commit', commit, layers: 1, derived: layers.length - 1 },
      { ...common, state: 'fetched' },
      {
        event: 'imported',
        commit,
        ref: 'text',
        fetched: 1,
        cached: 0,
        derived: layers.length - 1,
        signatures: [],
      },
    ],
  );
});

test('an image that is damaged leaves nothing to be seen', { skip, timeout }, async (t) => {
  const folder = await tempDir(t);
  const path = join(folder, 'image');
  await cp((await encapsulatedOs()).path, path, { recursive: true });
  const [layer] = readLayout(path).layers;
  assert.ok(layer);
  const bytes = await readFile(layer.path);
  const repo = await newRepo(join(folder, 'repo'));
  const untouched = [join(repo, 'objects'), join(repo, 'refs'), join(repo, 'state')];
  const words = ['container', 'import', '--quiet', '--repo', repo, `ostree-unverified-image:oci:${path}`];
  const flipped = Buffer.from(bytes);
  flipped[flipped.length >> 1] = (flipped[flipped.length >> 1] ?? 0) ^ 1;
  await writeFile(layer.path, flipped);
  await checkRefused(words, { code: 'ERR_BLOB_CORRUPT', naming: [layer.digest], untouched });
  await writeFile(layer.path, bytes.subarray(0, -1));
  await checkRefused(words, { code: 'ERR_BLOB_CORRUPT', naming: [layer.digest], untouched });
  await rm(layer.path);
  await checkRefused(words, { code: 'ERR_BLOB_MISSING', naming: [layer.digest], untouched });
  assert.deepEqual(await must(['ostree', `--repo=${repo}`, 'refs']), '');
});
