/**
 * An ostree client that imports a mirror image as an OS gets the commit alone: our layers have only regular
 * files below the embedded repo with a time that is not 0. The layers are listed by GNU tar;
 * pristine-import.test.ts imports such an image.
 */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import test from 'node:test';
import { encapsulatedOs, mirrorOfOs, mirrorOfText, type SharedImage } from './support/images.ts';
import { type Layer, readLayout, unpack } from './support/layout.ts';
import { splitLayers } from './support/os-import.ts';
import { osRepo, textRepo, unlessOsRepo } from './support/os-repo.ts';
import { must } from './support/run.ts';
import { tempDir } from './support/scratch.ts';

const skip = unlessOsRepo();
const timeout = 300_000;

type Entry = { readonly type: string; readonly time: string; readonly path: string };

async function entriesOf({ path }: Layer): Promise<readonly Entry[]> {
  const listing = await must([
    'tar',
    '--list',
    '--verbose',
    '--numeric-owner',
    '--utc',
    '--full-time',
    '--quoting-style=escape',
    `--file=${path}`,
  ]);
  return listing.split('\n').map((line) => {
    const [mode = '', , , day, time, ...name] = line.split(/ +/);
    return { type: mode[0] ?? '', time: `${day} ${time}`, path: name.join(' ') };
  });
}

for (const [what, mirror] of [
  ['an OS', mirrorOfOs],
  ['a text file', mirrorOfText],
] as const) {
  test(`derived layers of the mirror of ${what} have only what importers drop in every OS`, {
    skip,
    timeout,
  }, async () => {
    const { derived } = splitLayers(readLayout((await mirror()).path));
    const layers = await Promise.all(derived.map(entriesOf));
    const entries = layers.flat();
    // The runtime, a layer for each pack, the superblocks of virtual deltas, the rest of the published repo.
    const packs = entries.filter(({ path }) => path.endsWith('.pack'));
    assert.ok(packs.length > 0);
    assert.equal(derived.length, 1 + packs.length + 2);
    const paths = layers.map((layer) => layer.map(({ path }) => path).join());
    assert.ok(
      paths.some((all) => all.includes('/virtual-deltas/')),
      paths.join(' | '),
    );
    for (const pack of packs)
      assert.ok(layers.some(([only, ...others]) => only === pack && others.length === 0));
    assert.ok(entries.length > 15);
    for (const { type, time, path } of entries) {
      assert.deepEqual([type, time], ['-', '1970-01-01 00:00:01'], path);
      assert.match(path, /^sysroot\/ostree\/repo\/extensions\/treeport\//);
      // A whiteout would change what lies in the layers beneath.
      assert.doesNotMatch(path, /(?:^|\/)\.wh\./);
    }
  });
}

test('the other layers are those of the encapsulated image', { skip, timeout }, async () => {
  const layersOf = async (image: Promise<SharedImage>) => readLayout((await image).path);
  const plain = await layersOf(encapsulatedOs());
  const mirror = splitLayers(await layersOf(mirrorOfOs()));
  const withoutPath = ({ path: _, ...layer }: Layer) => layer;
  assert.deepEqual(mirror.ostree.map(withoutPath), plain.layers.map(withoutPath));
  const { commit } = await osRepo();
  const { manifest, config } = await layersOf(mirrorOfOs());
  assert.equal(config.config.Labels?.['ostree.commit'], commit);
  assert.equal(manifest.annotations?.['ostree.commit'], commit);
});

test('the files on the disk of a mirror hold the commit for ostree, the mirror beside it', {
  skip,
  timeout,
}, async (t) => {
  const folder = await tempDir(t);
  const { commit } = await textRepo();
  const { layers } = readLayout((await mirrorOfText()).path);
  await unpack(layers, join(folder, 'root'));
  const embedded = join(folder, 'root/sysroot/ostree/repo');
  await must(['ostree', `--repo=${embedded}`, 'fsck', '--quiet', '--all']);
  const copy = join(folder, 'copy');
  await must(['ostree', `--repo=${copy}`, 'init', '--mode=bare-user']);
  await must(['ostree', `--repo=${copy}`, 'pull-local', '--untrusted', embedded, commit]);
  await must(['ostree', `--repo=${copy}`, 'fsck', '--quiet', '--all']);
});
