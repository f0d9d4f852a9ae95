/**
 * An ostree client that imports a mirror image as an OS gets the commit alone. The rules are those by which
 * ostree-ext reads a manifest and filters derived layers; the layers are listed by GNU tar.
 */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import test from 'node:test';
import { encapsulatedOs, mirrorOfOs, mirrorOfText, type SharedImage } from './support/images.ts';
import { type Layer, type LayoutImage, readLayout, unpack } from './support/layout.ts';
import { osRepo, textRepo, unlessOsRepo } from './support/os-repo.ts';
import { must } from './support/run.ts';
import { tempDir } from './support/scratch.ts';

const skip = unlessOsRepo();
const timeout = 300_000;

/** Layers up to the one that the label names hold the commit; the others are derived. */
function split({ config, layers }: LayoutImage): {
  readonly ostree: readonly Layer[];
  readonly derived: readonly Layer[];
} {
  const final = config.rootfs.diff_ids.indexOf(config.config.Labels?.['ostree.final-diffid'] ?? '');
  assert.ok(final >= 0, 'ostree.final-diffid names a layer');
  return { ostree: layers.slice(0, final + 1), derived: layers.slice(final + 1) };
}

type Entry = { readonly type: string; readonly path: string };

async function entriesOf({ path }: Layer): Promise<readonly Entry[]> {
  const listing = await must([
    'tar',
    '--list',
    '--verbose',
    '--numeric-owner',
    '--quoting-style=escape',
    `--file=${path}`,
  ]);
  return listing.split('\n').map((line) => {
    const [mode = '', , , , , ...name] = line.split(/ +/);
    return { type: mode[0] ?? '', path: name.join(' ').split(' -> ')[0] ?? '' };
  });
}

/** True if a client takes the entry over into the OS, by the first component of its path. */
function isKept(path: string): boolean {
  const [first = '', ...rest] = path.split('/').filter((part) => part !== '' && part !== '.');
  if (['usr', 'etc', 'var'].includes(first)) return true;
  if (['run', 'tmp', 'proc', 'sys', 'dev'].includes(first)) return rest.length === 0;
  return false;
}

test('the filter of this test keeps what clients keep', () => {
  assert.deepEqual(
    ['usr/bin/x', './etc', 'var/lib', 'run/', 'run/x', 'sysroot/treeport/x', 'opt/x', './'].map(isKept),
    [true, true, true, true, false, false, false, false],
  );
});

for (const [what, mirror] of [
  ['an OS', mirrorOfOs],
  ['a text file', mirrorOfText],
] as const) {
  test(`derived layers of the mirror of ${what} leave nothing in the imported OS`, {
    skip,
    timeout,
  }, async () => {
    const { derived } = split(readLayout((await mirror()).path));
    assert.ok(derived.length > 0);
    const entries = (await Promise.all(derived.map(entriesOf))).flat();
    assert.ok(entries.length > 5);
    assert.deepEqual(
      entries.filter(({ path }) => isKept(path)),
      [],
    );
    // A whiteout or a file below the embedded repo would change what lies in the layers beneath.
    assert.deepEqual(
      entries.filter(({ path }) => /(^|\/)\.wh\./.test(path) || path.includes('sysroot/ostree')),
      [],
    );
    assert.deepEqual(
      entries.filter(({ type }) => !['-', 'd'].includes(type)),
      [],
    );
  });
}

test('the other layers are those of the encapsulated image', { skip, timeout }, async () => {
  const layersOf = async (image: Promise<SharedImage>) => readLayout((await image).path);
  const plain = await layersOf(encapsulatedOs());
  const mirror = split(await layersOf(mirrorOfOs()));
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
