import assert from 'node:assert/strict';
import test from 'node:test';
import { skopeoAccess } from '../../../src/oci/skopeo/registry-access.ts';

const IMAGE = { transport: 'registry', name: 'registry.example.com:5000/os:1' } as const;
const credentials = { username: 'releaser', password: 'pass:word' };

test('the options become those of skopeo, for either side', () => {
  const access = { authfile: '/a', certDir: '/c', insecureTls: true };
  assert.deepEqual(skopeoAccess(IMAGE, access), {
    args: ['--authfile', '/a', '--cert-dir', '/c', '--tls-verify=false'],
    input: undefined,
  });
  for (const side of ['src', 'dest'] as const)
    assert.deepEqual(skopeoAccess(IMAGE, access, `${side}-`).args, [
      `--${side}-authfile`,
      '/a',
      `--${side}-cert-dir`,
      '/c',
      `--${side}-tls-verify=false`,
    ]);
  assert.deepEqual(skopeoAccess(IMAGE, {}), { args: [], input: undefined });
});

test('anonymous means no credentials at all', () => {
  const access = { authfile: '/a', credentials, anonymous: true };
  assert.deepEqual(skopeoAccess(IMAGE, access), { args: ['--no-creds'], input: undefined });
});

test('a user name and password go through standard input, for the host of the image only', () => {
  const { args, input = '' } = skopeoAccess(IMAGE, { credentials }, 'dest-');
  assert.deepEqual(args, ['--dest-authfile', '/dev/stdin']);
  const auth = Buffer.from('releaser:pass:word').toString('base64');
  assert.deepEqual(JSON.parse(input), { auths: { 'registry.example.com:5000': { auth } } });
  const local = skopeoAccess({ transport: 'oci', name: '/os' }, { credentials });
  assert.deepEqual(local, { args: [], input: undefined });
});
