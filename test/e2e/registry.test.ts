/** Images go through a real registry with the tools people have, and come back as they were. */
import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import { encapsulatedOs } from './support/images.ts';
import { readLayout } from './support/layout.ts';
import { OS_REF, osRepo, TEXT_REF, textRepo, unlessOsRepo } from './support/os-repo.ts';
import { PODMAN_PROGRAMS, Podman } from './support/podman.ts';
import { startRegistry } from './support/registry.ts';
import { must, mustTreeport } from './support/run.ts';
import { tempDir } from './support/scratch.ts';

const skip = unlessOsRepo('skopeo', 'docker-registry', ...PODMAN_PROGRAMS);
const timeout = 300_000;

test('an image is copied to a registry by skopeo and pulled back by podman', {
  skip,
  timeout,
}, async (t) => {
  const folder = await tempDir(t);
  const { commit } = await osRepo();
  const { path, digest } = await encapsulatedOs();
  const image = readLayout(path);
  const name = `${await startRegistry(t, folder)}/os:latest`;

  const seen = JSON.parse(await must(['skopeo', 'inspect', `oci:${path}`]));
  assert.equal(seen.Digest, digest);
  assert.equal(seen.Labels['ostree.commit'], commit);
  assert.deepEqual(
    seen.Layers,
    image.layers.map((layer) => layer.digest),
  );

  await must(['skopeo', 'copy', '--quiet', '--dest-tls-verify=false', `oci:${path}`, `docker://${name}`]);
  const there = await must([
    'skopeo',
    'inspect',
    '--tls-verify=false',
    '--format={{.Digest}}',
    `docker://${name}`,
  ]);
  assert.equal(there, digest);

  const podman = await Podman.create(t, folder);
  const id = await podman.must(['pull', '--quiet', '--tls-verify=false', name]);
  assert.equal(`sha256:${id}`, image.manifest.config.digest);
  const back = join(folder, 'back');
  await must(['skopeo', 'copy', '--quiet', '--src-tls-verify=false', `docker://${name}`, `oci:${back}`]);
  assert.equal(readLayout(back).digest, digest);
});

test('encapsulate writes to a registry at once', { skip, timeout }, async (t) => {
  const folder = await tempDir(t);
  const { path: repo } = await osRepo();
  const name = `${await startRegistry(t, folder)}/direct/os:v2`;
  const env = { HOME: await homeWithInsecure(folder, name) };
  const words = ['container', 'encapsulate', '--quiet', '--repo', repo, OS_REF, `docker://${name}`];
  const digest = await mustTreeport(words, { env });
  assert.equal(digest, (await encapsulatedOs()).digest);
  const there = await must(['skopeo', 'inspect', '--format={{.Digest}}', `docker://${name}`], { env });
  assert.equal(there, digest);
});

test('encapsulate writes to containers-storage', { skip, timeout }, async (t) => {
  const folder = await tempDir(t);
  const podman = await Podman.create(t, folder);
  const { path: repo, commit } = await textRepo();
  const target = 'containers-storage:localhost/text:v1';
  const words = ['container', 'encapsulate', '--quiet', '--repo', repo, TEXT_REF, target];
  await mustTreeport(words, { env: podman.env });
  const label = '--format={{index .Labels "ostree.commit"}}';
  assert.equal(await podman.must(['inspect', label, 'localhost/text:v1']), commit);
});

/** The home of a user whose registries.conf has the registry as one without TLS. */
async function homeWithInsecure(folder: string, name: string): Promise<string> {
  const settings = join(folder, '.config/containers');
  await mkdir(settings, { recursive: true });
  const lines = ['[[registry]]', `location = "${name.split('/')[0]}"`, 'insecure = true', ''];
  await writeFile(join(settings, 'registries.conf'), lines.join('\n'));
  return folder;
}
