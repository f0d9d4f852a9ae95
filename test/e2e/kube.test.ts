/**
 * The manifest of k8s/, played by podman: it starts a mirror image with the rights it names, and clients
 * pull.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import { parse } from 'yaml';
import { freePort } from '../support/free-port.ts';
import { ROOT } from '../support/project.ts';
import { Client } from './support/client.ts';
import { mirrorOfOs } from './support/images.ts';
import { OS_REF, osRepo, unlessOsRepo } from './support/os-repo.ts';
import { PODMAN_PROGRAMS, Podman } from './support/podman.ts';
import { eventually } from './support/processes.ts';
import { must } from './support/run.ts';
import { tempDir } from './support/scratch.ts';

const skip = unlessOsRepo(...PODMAN_PROGRAMS);
const timeout = 300_000;
const NAME = 'localhost/treeport-e2e:kube';

type Manifest = {
  readonly spec: { readonly template: { readonly spec: { readonly containers: readonly object[] } } };
};

/**
 * The manifest with our image and a port of this machine; without probes, which podman runs by a program in
 * the container, and there is none but the server.
 */
function playable(path: string, hostPort: number): string {
  const manifest = parse(readFileSync(join(ROOT, path), 'utf8')) as Manifest;
  const { spec } = manifest.spec.template;
  const containers = spec.containers.map((container) => ({
    ...container,
    image: NAME,
    imagePullPolicy: 'Never',
    ports: [{ containerPort: 8080, hostPort, hostIP: '127.0.0.1' }],
    readinessProbe: undefined,
    livenessProbe: undefined,
    startupProbe: undefined,
  }));
  const template = { ...manifest.spec.template, spec: { ...spec, containers } };
  return JSON.stringify({ ...manifest, spec: { ...manifest.spec, template } });
}

for (const path of ['k8s/base/deployment.yaml', 'deploy/play-kube.yaml']) {
  test(`${path} starts a mirror that clients pull from`, { skip, timeout }, async (t) => {
    const folder = await tempDir(t);
    const podman = await Podman.create(t, folder);
    await podman.load(`oci:${(await mirrorOfOs()).path}`, NAME);
    const port = await freePort();
    const file = join(folder, 'manifest.yaml');
    await writeFile(file, playable(path, port));
    await podman.must(['play', 'kube', file]);
    const origin = `http://127.0.0.1:${port}`;
    await eventually(`${origin} is ready`, async () => (await fetch(`${origin}/readyz`)).ok || undefined);

    const [container = ''] = (await podman.must(['ps', '--quiet', `--filter=ancestor=${NAME}`])).split('\n');
    const pid = await podman.must(['inspect', '--format={{.State.Pid}}', container]);
    const status = await must(['cat', `/proc/${pid}/status`]);
    assert.doesNotMatch(status, /^Uid:\s+0\s/m);
    assert.match(status, /^CapEff:\s+0{16}$/m);
    assert.match(status, /^NoNewPrivs:\s+1$/m);
    assert.match(await must(['cat', `/proc/${pid}/mountinfo`]), /^\S+ \S+ \S+ \S+ \/ ro[, ]/m);

    const client = await Client.create(folder, `${origin}/repo`);
    await client.pull('--disable-static-deltas', OS_REF);
    assert.equal(await client.revision(OS_REF), (await osRepo()).commit);
    await client.fsck();
    await podman.must(['play', 'kube', '--down', file]);
  });
}
