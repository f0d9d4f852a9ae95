/** Snapshots and registries: an increment uploads what is new; an extraction that was cut short goes on. */
import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import { type Flaw, startFlawedRegistry, type Thing } from '../support/flawed-registry.ts';
import { initRepo } from '../support/ostree-repos.ts';
import { unlessInstalled } from '../support/programs.ts';
import { ostreeFsck } from './support/import-repo.ts';
import { readLayout } from './support/layout.ts';
import { startRegistry } from './support/registry.ts';
import { must, mustTreeport, treeport } from './support/run.ts';
import { tempDir } from './support/scratch.ts';
import { startUploadCounter, withInsecure } from './support/upload-counter.ts';

const skip = unlessInstalled('ostree', 'skopeo', 'docker-registry');

/** A repository of growing history, and words that make snapshots of it. */
async function source(folder: string) {
  const [repo, tree] = [await initRepo(join(folder, 'repo'), 'archive'), join(folder, 'tree')];
  await mkdir(tree);
  await mkdir(join(folder, 'runtime/bin'), { recursive: true });
  await must(['cp', '/bin/true', join(folder, 'runtime/bin/node')]);
  return {
    commit: async (name: string) => {
      await writeFile(join(tree, name), name.repeat(100_000));
      return must(['ostree', `--repo=${repo}`, 'commit', '--branch=data', `--tree=dir=${tree}`]);
    },
    words: (...words: readonly string[]) => [
      ...['snapshot', 'create', '--quiet', '--repo', repo, '--runtime', join(folder, 'runtime')],
      ...['--depth', 'all', ...words],
    ],
  };
}

test('an increment in a registry uploads the blobs that are new', { skip, timeout: 120_000 }, async (t) => {
  const folder = await tempDir(t);
  const { commit, words } = await source(folder);
  const { name, uploaded } = await startUploadCounter(t, await startRegistry(t, folder));
  const env = await withInsecure(folder, name);
  const image = (tag: string) => `docker://${name}/data:${tag}`;
  const layersOf = async (tag: string) => {
    await must(['skopeo', 'copy', '--quiet', image(tag), `oci:${join(folder, tag)}`], { env });
    return readLayout(join(folder, tag));
  };
  await commit('one');
  await mustTreeport(words(image('first')), { env });
  const first = await layersOf('first');
  assert.ok(first.layers.every(({ digest }) => uploaded.includes(digest)));
  uploaded.length = 0;
  const second = await commit('two');
  await mustTreeport(words('--previous', image('first'), image('second')), { env });
  const { layers, manifest } = await layersOf('second');
  const fresh = layers.filter(({ digest }) => !first.layers.some((layer) => layer.digest === digest));
  assert.ok(fresh.length > 0 && fresh.length < layers.length, `${fresh.length} of ${layers.length} are new`);
  const blobs = [...fresh.map(({ digest }) => digest), manifest.config.digest];
  assert.deepEqual(uploaded.toSorted(), blobs.toSorted());

  const copy = await initRepo(join(folder, 'copy'), 'archive');
  await mustTreeport(['snapshot', 'extract', '--quiet', '--repo', copy, image('second')], { env });
  assert.equal(await must(['ostree', `--repo=${copy}`, 'rev-parse', 'data']), second);
  await ostreeFsck(copy);
});

test('an extraction from a registry that stalls or cuts ends with a code, and a rerun finishes', {
  skip,
  timeout: 120_000,
}, async (t) => {
  const folder = await tempDir(t);
  const { commit, words } = await source(folder);
  await commit('one');
  const newest = await commit('two');
  const layout = join(folder, 'image');
  await mustTreeport(words(`oci:${layout}`));
  const registry = await startFlawedRegistry(t, layout, { late: 0 });
  const { layers } = readLayout(layout);
  const copy = await initRepo(join(folder, 'copy'), 'archive');
  const access = ['--insecure-skip-tls-verification', '--stall-timeout', '2'];
  const extract = [
    ...['snapshot', 'extract', '--quiet', '--repo', copy, ...access],
    `ostree-unverified-image:docker://${registry.name}`,
  ];
  const { layers: withObjects } = JSON.parse(
    await mustTreeport(['snapshot', 'info', '--json', `oci:${layout}`]),
  );
  const large = withObjects.toSorted((one: Size, other: Size) => other.size - one.size)[0] as Size;
  assert.ok(layers.some(({ digest }) => digest === large.digest));
  const faults: readonly (readonly [Flaw, string])[] = [
    [{ stallAfter: large.size >> 1 }, 'ERR_REGISTRY_STALLED'],
    [{ cutAfter: large.size >> 1 }, 'ERR_REGISTRY_UNREACHABLE'],
    [{ status: 404 }, 'ERR_BLOB_MISSING'],
  ];
  for (const [flaw, code] of faults) {
    registry.flaws.set(large.digest as Thing, flaw);
    const { status, stdout, stderr } = await treeport(extract);
    assert.deepEqual([status, stdout], [1, ''], stderr);
    assert.match(stderr, new RegExp(`^treeport: ${code}: [^\n]+\n$`));
    assert.equal(await must(['ostree', `--repo=${copy}`, 'refs']), '');
    await must(['ostree', `--repo=${copy}`, 'fsck', '--quiet', '--all']);
  }
  registry.flaws.delete(large.digest as Thing);
  await mustTreeport(extract);
  assert.equal(await must(['ostree', `--repo=${copy}`, 'rev-parse', 'data']), newest);
  await ostreeFsck(copy);
});

type Size = { readonly digest: string; readonly size: number };
