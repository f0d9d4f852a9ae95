import assert from 'node:assert/strict';
import test from 'node:test';
import { accessArgs } from '../../../src/oci/skopeo/registry-access.ts';

test('what is said becomes options of skopeo, for either side', () => {
  const access = { authfile: '/a', certDir: '/c', insecureTls: true };
  assert.deepEqual(accessArgs(access), ['--authfile', '/a', '--cert-dir', '/c', '--tls-verify=false']);
  assert.deepEqual(accessArgs(access, 'src-'), [
    '--src-authfile',
    '/a',
    '--src-cert-dir',
    '/c',
    '--src-tls-verify=false',
  ]);
  assert.deepEqual(accessArgs({}), []);
});

test('anonymous means no credentials at all', () => {
  assert.deepEqual(accessArgs({ authfile: '/a', anonymous: true }), ['--no-creds']);
});
