/** Images are read from a registry with TLS and a password, under registries.conf and policy.json. */
import assert from 'node:assert/strict';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { makeGpgKey } from './support/gpg.ts';
import { encapsulatedText } from './support/images.ts';
import { TEXT_REF, textRepo, unlessOsRepo } from './support/os-repo.ts';
import { checkRefused } from './support/refusal.ts';
import { startRegistry, startSecureRegistry } from './support/registry.ts';
import { must, mustTreeport } from './support/run.ts';
import { tempDir } from './support/scratch.ts';

const skip = unlessOsRepo('skopeo', 'docker-registry', 'openssl');
const timeout = 300_000;

const ACCEPT = [{ type: 'insecureAcceptAnything' }];

type Place = {
  readonly folder: string;
  /** The destination. */
  readonly repo: string;
  /** No settings but those that a test writes into `folder`. */
  readonly env: Readonly<Record<string, string>>;
  readonly commit: string;
};

async function place(t: TestContext): Promise<Place> {
  const folder = await tempDir(t);
  const repo = join(folder, 'repo');
  await must(['ostree', `--repo=${repo}`, 'init', '--mode=archive']);
  const policy = join(folder, 'policy.json');
  await writeFile(policy, JSON.stringify({ default: ACCEPT }));
  const env = { HOME: folder, XDG_RUNTIME_DIR: folder, CONTAINERS_POLICY_JSON: policy };
  return { folder, repo, env, commit: (await textRepo()).commit };
}

/** The words of an import; `scheme` stands before the image. */
function importing({ repo }: Place, image: string, ...more: readonly string[]): readonly string[] {
  return ['container', 'unencapsulate', '--quiet', '--repo', repo, ...more, image];
}

async function refused(
  at: Place,
  words: readonly string[],
  code: Parameters<typeof checkRefused>[1]['code'],
  ...naming: readonly (string | RegExp)[]
): Promise<void> {
  await checkRefused(words, { env: at.env, code, naming, untouched: [at.repo] });
}

test('push and pull through TLS with a password', { skip, timeout }, async (t) => {
  const at = await place(t);
  const registry = await startSecureRegistry(t, at.folder);
  const { path: source } = await textRepo();
  const image = `docker://${registry.name}/os:v1`;

  // Pushing finds the CA where podman does.
  const trusted = join(at.folder, '.config/containers/certs.d', registry.name);
  await mkdir(join(trusted, '..'), { recursive: true });
  await must(['cp', '-r', registry.certDir, trusted]);
  const push = ['container', 'encapsulate', '--quiet', '--repo', source, TEXT_REF, image];
  await refused(at, push, 'ERR_REGISTRY_AUTH', registry.name);
  const digest = await mustTreeport([...push, '--authfile', registry.authfile], { env: at.env });
  await rm(trusted, { recursive: true });

  const creds = join(at.folder, 'creds');
  await writeFile(creds, 'user:secret\n');
  const byFile = ['--creds-file', creds, '--cert-dir', registry.certDir];
  assert.equal(await mustTreeport([...push, ...byFile], { env: at.env }), digest);

  const known = ['--authfile', registry.authfile, '--cert-dir', registry.certDir];
  for (const [name, access] of [
    [`${registry.name}/os:v1`, known],
    [`${registry.name}/os@${digest}`, byFile],
  ] as const) {
    await rm(at.repo, { recursive: true });
    await must(['ostree', `--repo=${at.repo}`, 'init', '--mode=archive']);
    const words = importing(at, `ostree-unverified-registry:${name}`, '--write-ref', 'pulled', ...access);
    assert.equal(await mustTreeport(words, { env: at.env }), `Imported: pulled => ${at.commit}`);
    await must(['ostree', `--repo=${at.repo}`, 'fsck', '--quiet']);
  }
  const insecure = importing(
    at,
    `ostree-unverified-registry:${registry.name}/os:v1`,
    '--authfile',
    registry.authfile,
    '--insecure-skip-tls-verification',
  );
  assert.equal(await mustTreeport(insecure, { env: at.env }), `Imported: ${at.commit}`);

  await t.test('the password is wrong, or missing', async () => {
    const from = `ostree-unverified-registry:${registry.name}/os:v1`;
    const ca = ['--cert-dir', registry.certDir];
    await refused(at, importing(at, from, ...ca), 'ERR_REGISTRY_AUTH', image, 'podman login');
    await refused(
      at,
      importing(at, from, ...ca, '--authfile', registry.wrongAuthfile),
      'ERR_REGISTRY_AUTH',
      image,
    );
    const env = { ...at.env, REGISTRY_AUTH_FILE: registry.authfile };
    await mustTreeport(importing(at, from, ...ca), { env });
    await checkRefused(importing(at, from, ...ca, '--auth-anonymous'), {
      env,
      code: 'ERR_REGISTRY_AUTH',
      naming: [image],
      untouched: [at.repo],
    });
  });

  await t.test('the CA is unknown', async () => {
    const from = `ostree-unverified-registry:${registry.name}/os:v1`;
    const words = importing(at, from, '--authfile', registry.authfile);
    await refused(at, words, 'ERR_REGISTRY_TLS', image, '--cert-dir', 'unknown authority');
  });

  await t.test('there is no such tag, digest or repository', async () => {
    const none = `sha256:${'0'.repeat(64)}`;
    for (const name of ['os:v2', `os@${none}`, 'other:v1']) {
      const from = `ostree-unverified-registry:${registry.name}/${name}`;
      await refused(at, importing(at, from, ...known), 'ERR_IMAGE_MISSING', `${registry.name}/${name}`);
    }
  });

  await t.test('the registry is gone', async () => {
    registry.running.signal('SIGTERM');
    await registry.running.ended();
    const from = `ostree-unverified-registry:${registry.name}/os:v1`;
    await refused(at, importing(at, from, ...known), 'ERR_REGISTRY_UNREACHABLE', image, 'connection refused');
  });
});

test('a registry without TLS is refused, with what to do', { skip, timeout }, async (t) => {
  const at = await place(t);
  const name = `${await startRegistry(t, at.folder)}/os:v1`;
  const words = importing(at, `ostree-unverified-registry:${name}`);
  await refused(at, words, 'ERR_REGISTRY_TLS', name, 'registries.conf');
});

test('a mirror in registries.conf is used', { skip, timeout }, async (t) => {
  const at = await place(t);
  const { path } = await encapsulatedText();
  const mirror = await startRegistry(t, at.folder);
  const to = `docker://${mirror}/copies/os:v1`;
  await must(['skopeo', 'copy', '--quiet', '--dest-tls-verify=false', `oci:${path}`, to]);
  const registries = join(at.folder, 'registries.conf');
  const lines = [
    '[[registry]]',
    'prefix = "registry.invalid/images"',
    'location = "registry.invalid/images"',
    '[[registry.mirror]]',
    `location = "${mirror}/copies"`,
    'insecure = true',
    '',
  ];
  await writeFile(registries, lines.join('\n'));
  const words = importing(at, 'ostree-unverified-registry:registry.invalid/images/os:v1');
  await refused(at, words, 'ERR_REGISTRY_UNREACHABLE', 'registry.invalid');
  const env = { ...at.env, CONTAINERS_REGISTRIES_CONF: registries };
  assert.equal(await mustTreeport(words, { env }), `Imported: ${at.commit}`);
});

test('a policy that demands a signature', { skip: skip || unlessOsRepo('gpg'), timeout }, async (t) => {
  const at = await place(t);
  const { path } = await encapsulatedText();
  const registry = await startRegistry(t, at.folder);
  const settings = join(at.folder, '.config/containers');
  await mkdir(join(settings, 'registries.d'), { recursive: true });
  const signatures = `file://${at.folder}/signatures`;
  const places = `default-docker: {sigstore: "${signatures}", sigstore-staging: "${signatures}"}\n`;
  await writeFile(join(settings, 'registries.d/default.yaml'), places);
  await writeFile(
    join(settings, 'registries.conf'),
    `[[registry]]\nlocation = "${registry}"\ninsecure = true\n`,
  );

  const key = await makeGpgKey(at.folder);
  const push = ['skopeo', 'copy', '--quiet', '--dest-tls-verify=false'];
  const to = (tag: string) => `docker://${registry}/os:${tag}`;
  await must([...push, `oci:${path}`, to('unsigned')]);

  const from = (tag: string) => importing(at, `ostree-image-signed:${to(tag)}`);
  await refused(at, from('unsigned'), 'ERR_POLICY_INSECURE', 'policy.json', 'ostree-image-signed');
  const signedBy = [{ type: 'signedBy', keyType: 'GPGKeys', keyPath: key.publicKey }];
  const demanding = { default: [{ type: 'reject' }], transports: { docker: { [registry]: signedBy } } };
  await writeFile(at.env.CONTAINERS_POLICY_JSON as string, JSON.stringify(demanding));
  await refused(at, from('unsigned'), 'ERR_POLICY', to('unsigned'), 'A signature was required');
  const elsewhere = importing(at, `ostree-image-signed:oci:${path}`);
  await refused(at, elsewhere, 'ERR_POLICY', path, 'rejects');
  const unverified = importing(at, `ostree-unverified-image:${to('unsigned')}`);
  await refused(at, unverified, 'ERR_POLICY', to('unsigned'));

  const env = { ...at.env, GNUPGHOME: key.home };
  await must([...push, '--sign-by', key.id, `oci:${path}`, to('signed')], { env });
  await must(['gpgconf', '--kill', 'all'], { env });
  assert.equal(await mustTreeport(from('signed'), { env: at.env }), `Imported: ${at.commit}`);
});
