/**
 * An image index in a registry: podman takes the image for its platform, and the registry mounts the blobs.
 */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import { TEXT_REF, textRepo, unlessOsRepo } from './support/os-repo.ts';
import { PODMAN_PROGRAMS, Podman } from './support/podman.ts';
import { startRegistry } from './support/registry.ts';
import { mustTreeport, treeport } from './support/run.ts';
import { tempDir } from './support/scratch.ts';
import { startUploadCounter } from './support/upload-counter.ts';

const skip = unlessOsRepo('skopeo', 'docker-registry', ...PODMAN_PROGRAMS);
const timeout = 300_000;
const INSECURE = '--insecure-skip-tls-verification';

const digestIn = ({ digest }: { readonly digest: string }) => digest;

test('podman chooses its platform from an index of images in other repositories', {
  skip,
  timeout,
}, async (t) => {
  const folder = await tempDir(t);
  const { path: repo, commit } = await textRepo();
  const { name: host, uploaded, mounted } = await startUploadCounter(t, await startRegistry(t, folder));
  const digests = new Map<string, string>();
  for (const arch of ['amd64', 'arm64']) {
    const words = [
      '--quiet',
      INSECURE,
      '--arch',
      arch,
      '--repo',
      repo,
      TEXT_REF,
      `docker://${host}/${arch}/os:1`,
    ];
    digests.set(arch, await mustTreeport(['container', 'encapsulate', ...words]));
  }
  const sources = ['amd64', 'arm64'].map((arch) => `docker://${host}/${arch}/os:1`);
  const name = `${host}/os:1`;
  for (const counted of [uploaded, mounted]) counted.length = 0;
  const index = await mustTreeport([
    ...['container', 'index', 'create', '--quiet', INSECURE, '--annotation', 'org.example.of=both'],
    ...[...sources, `docker://${name}`],
  ]);
  const stored = join(folder, 'registry/docker/registry/v2/blobs/sha256');
  const hex = index.slice('sha256:'.length);
  const storedDocument = async (digits: string) =>
    JSON.parse(await readFile(join(stored, digits.slice(0, 2), digits, 'data'), 'utf8'));
  const document = await storedDocument(hex);
  assert.deepEqual(document.annotations, { 'org.example.of': 'both' });
  const manifests = await Promise.all(
    [...digests.values()].map((digest) => storedDocument(digest.slice('sha256:'.length))),
  );
  const layers = new Set(manifests.flatMap((manifest) => manifest.layers.map(digestIn)));
  assert.ok(layers.size > 0);
  assert.deepEqual(new Set(mounted), layers);
  // skopeo never mounts a config.
  assert.deepEqual(new Set(uploaded), new Set(manifests.map(({ config }) => config.digest)));

  const podman = await Podman.create(t, folder);
  for (const [arch, digest] of digests) {
    const pulled = await podman.must(['pull', '--quiet', '--tls-verify=false', `--arch=${arch}`, name]);
    const format = '--format={{.Architecture}} {{index .Labels "ostree.commit"}}';
    assert.equal(await podman.must(['inspect', format, pulled]), `${arch} ${commit}`);
    const info = ['container', 'info', '--json', INSECURE, '--arch', arch, `docker://${name}`];
    assert.equal(JSON.parse(await mustTreeport(info)).digest, digest);
  }
  const all = JSON.parse(
    await mustTreeport(['container', 'info', '--all', '--json', INSECURE, `docker://${name}`]),
  );
  assert.deepEqual(
    all.map((one: { architecture: string; digest: string }) => [one.architecture, one.digest]),
    [...digests],
  );
  const missing = await treeport(['container', 'info', INSECURE, '--arch', 's390x', `docker://${name}`]);
  assert.deepEqual([missing.status, missing.stderr.includes('ERR_')], [1, true], missing.stderr);
});
