/**
 * Images of component layers and the tools people have: a registry gets the layers that changed, and what
 * skopeo and podman have fetched from it is imported as the commit.
 */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import test from 'node:test';
import { commitHistory, debianTree } from '../support/package-trees.ts';
import { unlessInstalled, unlessRoot } from '../support/programs.ts';
import { newRepo, ostreeFsck } from './support/import-repo.ts';
import { readLayout } from './support/layout.ts';
import { PODMAN_PROGRAMS, Podman } from './support/podman.ts';
import { startRegistry } from './support/registry.ts';
import { must, mustTreeport } from './support/run.ts';
import { tempDir } from './support/scratch.ts';
import { startUploadCounter, withInsecure } from './support/upload-counter.ts';

const skip = unlessRoot() || unlessInstalled('ostree', 'docker-registry', ...PODMAN_PROGRAMS);
const LISTS = { a: ['/usr/bin/a'], b: ['/usr/bin/b'], c: ['/usr/bin/c'] };
/** Large enough that layers of their own pay. */
const large = (name: string) => name.repeat(1_000_000);
const FILES = { 'usr/bin/a': large('a'), 'usr/bin/b': large('b'), 'usr/bin/c': large('c'), 'usr/own': 'own' };

test('an update uploads the layers that changed, and everybody gets the commit', {
  skip,
  timeout: 600_000,
}, async (t) => {
  const folder = await tempDir(t);
  const repo = join(folder, 'repo');
  const [first = '', second = ''] = await commitHistory(repo, [
    debianTree(LISTS, FILES),
    debianTree(LISTS, { ...FILES, 'usr/bin/b': large('x') }),
  ]);
  const { name, uploaded } = await startUploadCounter(t, await startRegistry(t, folder));
  const env = await withInsecure(folder, name);
  const image = `docker://${name}/os:latest`;
  const push = (commit: string, ...options: readonly string[]) =>
    mustTreeport(['container', 'encapsulate', '--quiet', '--repo', repo, ...options, commit, image], { env });
  const layersOf = async (tag: string) => {
    await must(['skopeo', 'copy', '--quiet', image, `oci:${join(folder, tag)}`], { env });
    return readLayout(join(folder, tag));
  };
  await push(first);
  const former = await layersOf('first');
  assert.ok(former.layers.every(({ digest }) => uploaded.includes(digest)));
  uploaded.length = 0;
  // The former plan comes from the registry as well.
  const digest = await push(second, '--previous-build', image);
  const { layers, manifest, config, digest: there } = await layersOf('second');
  assert.equal(there, digest);
  const changed = layers.filter((layer) => !former.layers.some((old) => old.digest === layer.digest));
  assert.ok(changed.length < layers.length - 2, `${changed.length} of ${layers.length} layers changed`);
  assert.deepEqual(
    uploaded.toSorted(),
    [...changed.map((layer) => layer.digest), manifest.config.digest].toSorted(),
  );

  // What ostree-ext and bootc look for.
  const labels = config.config.Labels ?? {};
  assert.equal(labels['ostree.commit'], second);
  assert.equal(labels['ostree.final-diffid'], config.rootfs.diff_ids.at(-1));
  assert.equal(config.history.length, layers.length);
  assert.ok(layers.slice(1).every(({ annotations }) => annotations?.['ostree.components'] !== undefined));

  const podman = await Podman.create(t, folder);
  await podman.must(['pull', '--quiet', '--tls-verify=false', `${name}/os:latest`]);
  const saved = `oci-archive:${join(folder, 'saved.tar')}`;
  await podman.must([
    'save',
    '--quiet',
    '--format=oci-archive',
    '-o',
    join(folder, 'saved.tar'),
    `${name}/os`,
  ]);
  for (const [at, source] of [image, `oci:${join(folder, 'second')}`, saved].entries()) {
    const copy = await newRepo(join(folder, `copy-${at}`), 'bare-user');
    const words = ['container', 'unencapsulate', '--quiet', '--repo', copy, '--write-ref', 'os'];
    await mustTreeport([...words, `ostree-unverified-image:${source}`], { env });
    assert.equal(await must(['ostree', `--repo=${copy}`, 'rev-parse', 'os']), second);
    await ostreeFsck(copy);
  }
});
