/** The ways to a mirror image lead to the same place: every answer is the same, byte for byte. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import test from 'node:test';
import { initRepo } from '../support/ostree-repos.ts';
import { unlessInstalled } from '../support/programs.ts';
import { buildContainerfile } from './support/containerfile.ts';
import { crawl, pathsOf } from './support/crawl.ts';
import { encapsulatedOs } from './support/images.ts';
import { newRepo, ostreeFsck } from './support/import-repo.ts';
import { OS_REF, osRepo, unlessOsRepo } from './support/os-repo.ts';
import { CONFINED, PODMAN_PROGRAMS, Podman } from './support/podman.ts';
import { must, mustTreeport } from './support/run.ts';
import { tempDir } from './support/scratch.ts';

const skip = unlessOsRepo(...PODMAN_PROGRAMS);
const timeout = 600_000;
/** By default the form of an object depends on the client's link. */
const ONE_FORM = '--env=TREEPORT_DEFLATE_LEVEL=6';

test('build, wrap and the Containerfile make mirrors that serve the same bytes', {
  skip: skip || unlessInstalled('buildah'),
  timeout,
}, async (t) => {
  const folder = await tempDir(t);
  const podman = await Podman.create(t, folder);
  const { path: source, commit } = await osRepo();
  const encapsulated = (await encapsulatedOs()).path;

  // What an encapsulated image carries is a commit and its signatures: no delta and no signed summary.
  const repo = await initRepo(join(folder, 'repo'), 'bare');
  await must(['ostree', `--repo=${repo}`, 'pull-local', '--commit-metadata-only', source, OS_REF]);
  await must(['ostree', `--repo=${repo}`, 'pull-local', source, OS_REF]);
  const paths = await pathsOf(repo, OS_REF, commit);

  const images = {
    build: async (name: string) => {
      const target = join(folder, 'build');
      await mustTreeport(['mirror', 'build', '--quiet', '--repo', repo, OS_REF, `oci:${target}`]);
      await podman.load(`oci:${target}`, name);
    },
    wrap: async (name: string) => {
      const target = join(folder, 'wrap');
      await mustTreeport(['mirror', 'wrap', '--quiet', `oci:${encapsulated}`, `oci:${target}`]);
      await podman.load(`oci:${target}`, name);
    },
    containerfile: (name: string) => buildContainerfile(podman, encapsulated, name, folder),
  };
  const seen = new Map<string, ReadonlyMap<string, string>>();
  for (const [way, make] of Object.entries(images)) {
    const name = `localhost/treeport-e2e-${way}`;
    await make(name);
    const mirror = await podman.startMirror(name, '--user=345678:0', ONE_FORM, ...CONFINED);
    seen.set(way, await crawl(mirror.repo, paths));
    await podman.must(['rm', '--force', '--time=0', mirror.id]);
  }

  const inLayout = async (name: string): Promise<string> => {
    const target = `oci:${join(folder, name)}`;
    await podman.must(['push', '--quiet', `localhost/treeport-e2e-${name}`, target]);
    return target;
  };
  const info = await mustTreeport(['container', 'info', await inLayout('containerfile')]);
  assert.match(info, new RegExp(`^Mirror image: of ${OS_REF} \\(the label treeport.refs is empty\\)$`, 'm'));

  await buildContainerfile(podman, encapsulated, 'localhost/treeport-e2e-labels', folder, [OS_REF]);
  const labelsOf = async (image: string): Promise<Record<string, string>> =>
    JSON.parse(await mustTreeport(['container', 'info', '--json', image])).labels;
  // A build cannot compute them; `ostree.commit` and `Created` say the same.
  const computed = ['revision', 'created', 'ref.name'].map((name) => `org.opencontainers.image.${name}`);
  const expected = Object.entries(await labelsOf(`oci:${join(folder, 'build')}`));
  const sealed = await inLayout('labels');
  const { 'io.buildah.version': _, ...labels } = await labelsOf(sealed);
  assert.deepEqual(labels, Object.fromEntries(expected.filter(([name]) => !computed.includes(name))));

  await mustTreeport(['snapshot', 'verify', '--quiet', sealed]);
  const extracted = await newRepo(join(folder, 'extracted'));
  await mustTreeport(['snapshot', 'extract', '--quiet', '--repo', extracted, sealed]);
  await ostreeFsck(extracted);
  assert.equal((await must(['ostree', `--repo=${extracted}`, 'rev-parse', OS_REF])).trim(), commit);

  const built = seen.get('build') ?? new Map<string, string>();
  assert.ok(built.size > 3000);
  assert.deepEqual(
    [...built].filter(([, answer]) => answer.startsWith('status')),
    [['summary.sig', 'status 404']],
  );
  for (const way of ['wrap', 'containerfile']) {
    const others = seen.get(way);
    assert.deepEqual(
      [...built].filter(([path, answer]) => others?.get(path) !== answer),
      [],
      `${way} serves something else than build`,
    );
  }
});
