import assert from 'node:assert/strict';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import type { ErrorCode } from '../../../src/base/error-codes.ts';
import { parseImageReference } from '../../../src/oci/model/reference.ts';
import {
  acceptsAnyImage,
  findContainersPolicy,
  policyPaths,
  requireSignaturePolicy,
} from '../../../src/oci/skopeo/containers-policy.ts';
import { coded } from '../../support/expect.ts';
import { testFolder } from '../../support/small-image.ts';

const ACCEPT = { type: 'insecureAcceptAnything' };
const REJECT = { type: 'reject' };
const GPG = { type: 'signedBy', keyType: 'GPGKeys', keyPath: '/k' };
const SIGSTORE = { type: 'sigstoreSigned', keyPath: '/k' };

const OS = 'docker://registry.example.com:5000/os/stable:1';

async function policyFile(t: TestContext, content: object | string): Promise<string> {
  const path = join(await testFolder(t), 'policy.json');
  await writeFile(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
}

test('the places of the policy, in their order', () => {
  assert.deepEqual(policyPaths({ CONTAINERS_POLICY_JSON: '/p', HOME: '/h' }), ['/p']);
  const system = ['/etc/containers/policy.json', '/usr/share/containers/policy.json'];
  assert.deepEqual(policyPaths({ HOME: '/h' }), ['/h/.config/containers/policy.json', ...system]);
  assert.deepEqual(policyPaths({ HOME: '/h', XDG_CONFIG_HOME: '/x' }), [
    '/x/containers/policy.json',
    ...system,
  ]);
});

test('the first policy that exists is in force', async (t) => {
  const path = await policyFile(t, { default: [REJECT] });
  const other = await policyFile(t, { default: [ACCEPT] });
  const found = await findContainersPolicy([`${path}.not`, `${path}/not`, path, other]);
  assert.equal(found.path, path);
  assert.deepEqual(found.standard.requirements, ['reject']);
});

type Row = {
  readonly policy: object;
  readonly image?: string;
  /** The code of the refusal; undefined if a signature is demanded. */
  readonly refused?: ErrorCode;
  readonly says?: string;
};

const docker = (scopes: object, standard: readonly object[] = [REJECT]): object => ({
  default: standard,
  transports: { docker: scopes },
});

const ROWS: Readonly<Record<string, Row>> = {
  'a signature by default': { policy: { default: [GPG] } },
  'sigstore by default': { policy: { default: [SIGSTORE] } },
  'everything is accepted': {
    policy: { default: [ACCEPT] },
    refused: 'ERR_POLICY_INSECURE',
    says: 'default',
  },
  'accepted twice over': { policy: { default: [ACCEPT, ACCEPT] }, refused: 'ERR_POLICY_INSECURE' },
  'one of several demands a signature': { policy: { default: [ACCEPT, GPG] } },
  'one of several rejects': { policy: { default: [GPG, REJECT] }, refused: 'ERR_POLICY' },
  'everything is rejected': { policy: { default: [REJECT] }, refused: 'ERR_POLICY', says: 'rejects' },
  'the scope accepts, the default rejects': {
    policy: docker({ 'registry.example.com:5000/os': [ACCEPT] }),
    refused: 'ERR_POLICY_INSECURE',
    says: 'scope registry.example.com:5000/os',
  },
  'the scope demands, the default accepts': {
    policy: docker({ 'registry.example.com:5000/os/stable': [GPG] }, [ACCEPT]),
  },
  'the tag before its repository': {
    policy: docker({
      'registry.example.com:5000/os/stable:1': [ACCEPT],
      'registry.example.com:5000/os/stable': [GPG],
    }),
    refused: 'ERR_POLICY_INSECURE',
    says: 'stable:1',
  },
  'another tag': {
    policy: docker({ 'registry.example.com:5000/os/stable:2': [ACCEPT] }, [GPG]),
  },
  'a repository whose name begins alike': {
    policy: docker({ 'registry.example.com:5000/o': [ACCEPT] }, [GPG]),
  },
  'the host': { policy: docker({ 'registry.example.com:5000': [GPG] }) },
  'the host without its port is another': {
    policy: docker({ 'registry.example.com': [GPG] }),
    refused: 'ERR_POLICY',
  },
  'a wildcard': { policy: docker({ '*.com': [ACCEPT], '*.example.com': [GPG] }) },
  'the host before a wildcard': {
    policy: docker({ '*.example.com': [GPG], 'registry.example.com:5000': [ACCEPT] }),
    refused: 'ERR_POLICY_INSECURE',
  },
  'the default of the transport': { policy: docker({ '': [GPG] }, [ACCEPT]) },
  'the default of another transport': {
    policy: { default: [ACCEPT], transports: { atomic: { '': [GPG] } } },
    refused: 'ERR_POLICY_INSECURE',
  },
  'a short name is one of docker.io/library': {
    policy: docker({ 'docker.io/library/os:latest': [GPG] }),
    image: 'docker://os',
  },
  'a digest': {
    policy: docker({ [`docker.io/me/os@sha256:${'a'.repeat(64)}`]: [GPG] }),
    image: `docker://me/os@sha256:${'a'.repeat(64)}`,
  },
  'an image id of the daemon has no scope': {
    policy: { default: [REJECT], transports: { 'docker-daemon': { '': [GPG], 'docker.io': [ACCEPT] } } },
    image: `docker-daemon:sha256:${'a'.repeat(64)}`,
  },
  'an archive of docker has no scope': {
    policy: { default: [REJECT], transports: { 'docker-archive': { '': [GPG] } } },
    image: 'docker-archive:/nonexistent/a.tar',
  },
  'a directory above an archive': {
    policy: { default: [REJECT], transports: { 'oci-archive': { '/nonexistent': [GPG], '': [ACCEPT] } } },
    image: 'oci-archive:/nonexistent/a/os.ociarchive:tag',
  },
  'any scope of container storage may be the one': {
    policy: {
      default: [GPG],
      transports: { 'containers-storage': { '': [GPG], '[/var/lib/containers/storage]': [ACCEPT] } },
    },
    image: 'containers-storage:localhost/os',
    refused: 'ERR_POLICY_INSECURE',
    says: 'scope [/var/lib/containers/storage]',
  },
  'every scope of container storage demands a signature': {
    policy: { default: [ACCEPT], transports: { 'containers-storage': { '': [GPG], '[/x]': [GPG] } } },
    image: 'containers-storage:localhost/os',
  },
};

for (const [name, { policy, image = OS, refused, says = '' }] of Object.entries(ROWS)) {
  test(`a demand for a signature: ${name}`, async (t) => {
    const path = await policyFile(t, policy);
    const required = requireSignaturePolicy(parseImageReference(image), [path]);
    if (refused === undefined) await required;
    else await assert.rejects(required, coded(refused, path, image, says));
  });
}

test('scopes of paths are without links', async (t) => {
  const folder = await testFolder(t);
  await mkdir(join(folder, 'real'));
  await symlink('real', join(folder, 'link'));
  const policy = { default: [REJECT], transports: { oci: { [join(folder, 'real')]: [GPG] } } };
  const path = await policyFile(t, policy);
  for (const image of ['real/os', 'link/os:tag', 'link'])
    await requireSignaturePolicy(parseImageReference(`oci:${join(folder, image)}`), [path]);
});

test('nothing is to be enforced where every requirement for the image accepts it', async (t) => {
  const policy = docker({ 'registry.example.com:5000': [ACCEPT, ACCEPT], 'docker.io': [GPG] }, [ACCEPT]);
  const found = await findContainersPolicy([await policyFile(t, policy)]);
  const accepts = (image: string) => acceptsAnyImage(found, parseImageReference(image));
  assert.equal(await accepts(OS), true);
  assert.equal(await accepts('docker://os'), false);
  assert.equal(await accepts('docker-archive:/a'), true);
});

test('no policy, or one that cannot be understood, is refused', async (t) => {
  await assert.rejects(
    findContainersPolicy(['/nonexistent/p.json']),
    coded('ERR_POLICY', '/nonexistent/p.json'),
  );
  for (const text of [
    '{',
    '[]',
    '{}',
    '{"default":{}}',
    '{"default":[]}',
    '{"default":[{"type":"maybe"}]}',
    '{"default":[{"type":"reject"}],"transports":{"docker":[]}}',
    '{"default":[{"type":"reject"}],"transports":{"docker":{"":[]}}}',
  ]) {
    const path = await policyFile(t, text);
    await assert.rejects(findContainersPolicy([path]), coded('ERR_POLICY', path));
  }
  const path = await policyFile(t, '{}');
  await assert.rejects(findContainersPolicy([join(path, '..')]), coded('ERR_POLICY', 'cannot read'));
});
