/** Images are signed while they are pushed, and a policy demands the signature on the way in. */
import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { unlessLibostree } from '../support/libostree.ts';
import { commitDirectory, initRepo, REF } from '../support/ostree-repos.ts';
import { unlessInstalled, unlessRoot } from '../support/programs.ts';
import { sigstoreKey } from '../support/sigstore-key.ts';
import { makeGpgKey, stopAgent } from './support/gpg.ts';
import { newerSkopeo } from './support/newer-skopeo.ts';
import { startRegistry } from './support/registry.ts';
import { must, treeport } from './support/run.ts';
import { atEnd, tempDir } from './support/scratch.ts';

const skip = unlessLibostree() || unlessInstalled('ostree', 'skopeo', 'docker-registry', 'gpg');
const timeout = 300_000;
const ACCEPT = [{ type: 'insecureAcceptAnything' }];

/** A registry, a repository to push from and one to import to, and keys that a policy demands. */
async function place(t: TestContext, more: { readonly PATH?: string } = {}) {
  const folder = await tempDir(t);
  const registry = await startRegistry(t, folder);
  const source = await initRepo(join(folder, 'source'), 'archive');
  const tree = join(folder, 'tree');
  await mkdir(join(tree, 'usr'), { recursive: true });
  await writeFile(join(tree, 'usr/file'), 'content');
  const commit = await commitDirectory(source, tree);
  const target = await initRepo(join(folder, 'target'), 'archive');

  const containers = join(folder, '.config/containers');
  await mkdir(join(containers, 'registries.d'), { recursive: true });
  const lookaside = ['sigstore', 'sigstore-staging'].map((key) => `  ${key}: file://${folder}/lookaside\n`);
  const attachments = `default-docker:\n  use-sigstore-attachments: true\n${lookaside.join('')}`;
  await writeFile(join(containers, 'registries.d/default.yaml'), attachments);
  const insecure = `[[registry]]\nlocation = "${registry}"\ninsecure = true\n`;
  await writeFile(join(containers, 'registries.conf'), insecure);
  const gpg = await makeGpgKey(folder);
  atEnd(t, () => stopAgent(gpg.home));
  const policy = join(folder, 'policy.json');
  const demand = (requirement: Readonly<Record<string, unknown>>) => {
    const transports = { oci: { '': ACCEPT }, docker: { [registry]: [requirement] } };
    return writeFile(policy, JSON.stringify({ default: [{ type: 'reject' }], transports }));
  };
  const places = { HOME: folder, XDG_RUNTIME_DIR: folder, GNUPGHOME: gpg.home };
  const env = { ...places, CONTAINERS_POLICY_JSON: policy, ...more };
  const image = `docker://${registry}/os:v1`;
  const pushTo = (to: string, ...words: readonly string[]) =>
    treeport(['container', 'encapsulate', '--quiet', '--repo', source, REF, ...words, to], { env });
  const take = () => {
    const words = ['container', 'unencapsulate', '--quiet', '--repo', target];
    return treeport([...words, `ostree-image-signed:${image}`], { env });
  };
  /** Without the signature the import is refused, with it the commit arrives. */
  const demands = async (...words: readonly string[]) => {
    assert.equal((await pushTo(image)).status, 0);
    assert.match((await take()).stderr, /ERR_POLICY/);
    const pushed = await pushTo(image, ...words);
    assert.equal(pushed.status, 0, pushed.stderr);
    const { stdout, stderr } = await take();
    assert.equal(stdout.trim(), `Imported: ${commit}`, stderr);
    await must(['ostree', `--repo=${target}`, 'fsck', '--quiet']);
  };
  /** Signs another image, to see whether this skopeo can. */
  const probe = (...words: readonly string[]) => pushTo(`docker://${registry}/probe:v1`, ...words);
  return { folder, gpg, probe, demand, demands };
}

test('a GPG signature that a policy demands', { skip, timeout }, async (t) => {
  const { gpg, demand, demands } = await place(t);
  await demand({ type: 'signedBy', keyType: 'GPGKeys', keyPath: gpg.publicKey });
  await demands('--sign-by', gpg.id);
});

for (const isNewer of [false, true]) {
  test(`a sigstore signature that a policy demands, with ${isNewer ? 'Debian 13’s' : 'this'} skopeo`, {
    skip: skip || (isNewer && (unlessRoot() || unlessInstalled('unshare'))),
    timeout,
  }, async (t) => {
    const newer = isNewer ? await newerSkopeo(await tempDir(t)) : undefined;
    if (newer !== undefined && 'obstacle' in newer) return t.skip(newer.obstacle);
    const { folder, probe, demand, demands } = await place(
      t,
      newer === undefined ? {} : { PATH: newer.path },
    );
    const at = (name: string) => join(folder, name);
    const key = sigstoreKey('a passphrase');
    await writeFile(at('key.pem'), key.secret, { mode: 0o600 });
    await writeFile(at('key.pub'), key.publicPem);
    await writeFile(at('passphrase'), 'a passphrase\n', { mode: 0o600 });
    await demand({ type: 'insecureAcceptAnything' });
    const words = [
      '--sign-by-sigstore-private-key',
      at('key.pem'),
      '--sign-passphrase-file',
      at('passphrase'),
    ];
    if ((await probe(...words)).stderr.includes('sigstore disabled'))
      return t.skip('this skopeo is built without sigstore, as that of Debian 12 is');
    const signedIdentity = { type: 'matchRepository' };
    await demand({ type: 'sigstoreSigned', keyPath: at('key.pub'), signedIdentity });
    await demands(...words);
  });
}

test('options that this skopeo lacks, and places without signatures', { skip, timeout }, async (t) => {
  const folder = await tempDir(t);
  const repo = await initRepo(join(folder, 'repo'), 'archive');
  const tree = join(folder, 'tree');
  await mkdir(tree);
  await commitDirectory(repo, tree);
  const push = ['container', 'encapsulate', '--quiet', '--repo', repo, REF];
  const local = await treeport([...push, '--sign-by', 'X', `oci:${folder}/image`]);
  assert.equal(local.status, 2);
  assert.match(local.stderr, /ERR_USAGE.*registry/);
  const help = await must(['skopeo', 'copy', '--help']);
  if (help.includes('--sign-by-sq-fingerprint')) return;
  const lacking = await treeport([...push, '--sign-by-sq-fingerprint', 'X', 'docker://localhost:1/os']);
  assert.equal(lacking.status, 2);
  assert.match(lacking.stderr, /ERR_USAGE.*skopeo version.*--sign-by-sq-fingerprint/);
});
