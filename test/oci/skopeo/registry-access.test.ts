import assert from 'node:assert/strict';
import test from 'node:test';
import { accessWords } from '../../../src/oci/skopeo/registry-access.ts';

test('what is said becomes options of skopeo, for either side', () => {
  const access = { authfile: '/a', certDir: '/c', insecureTls: true };
  assert.deepEqual(accessWords(access), ['--authfile', '/a', '--cert-dir', '/c', '--tls-verify=false']);
  assert.deepEqual(accessWords(access, 'src-'), [
    '--src-authfile',
    '/a',
    '--src-cert-dir',
    '/c',
    '--src-tls-verify=false',
  ]);
  assert.deepEqual(accessWords({}), []);
});

test('anonymous means no credentials at all', () => {
  assert.deepEqual(accessWords({ authfile: '/a', anonymous: true }), ['--no-creds']);
});
