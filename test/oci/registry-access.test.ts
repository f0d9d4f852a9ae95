import assert from 'node:assert/strict';
import test, { type TestContext } from 'node:test';
import { accessWords, ostreeAuthfiles } from '../../src/oci/registry-access.ts';

function setEnvironment(t: TestContext, name: string, value: string): void {
  const before = process.env[name];
  process.env[name] = value;
  t.after(() => {
    if (before === undefined) delete process.env[name];
    else process.env[name] = before;
  });
}

test('what is said becomes options of skopeo, for either side', async () => {
  const access = { authfile: '/a', certDir: '/c', insecureTls: true };
  assert.deepEqual(await accessWords(access), ['--authfile', '/a', '--cert-dir', '/c', '--tls-verify=false']);
  assert.deepEqual(await accessWords(access, 'src-'), [
    '--src-authfile',
    '/a',
    '--src-cert-dir',
    '/c',
    '--src-tls-verify=false',
  ]);
});

test('anonymous means no credentials at all', async () => {
  assert.deepEqual(await accessWords({ authfile: '/a', anonymous: true }), ['--no-creds']);
});

test('the file that the environment names is left to skopeo', async (t) => {
  setEnvironment(t, 'REGISTRY_AUTH_FILE', '/mine.json');
  assert.deepEqual(await accessWords({}), []);
});

test("ostree's own files, for root and for others", () => {
  assert.deepEqual(ostreeAuthfiles(0, {}), [
    '/run/ostree/auth.json',
    '/etc/ostree/auth.json',
    '/usr/lib/ostree/auth.json',
  ]);
  assert.deepEqual(ostreeAuthfiles(1000, { HOME: '/h', XDG_RUNTIME_DIR: '/run/user/1000' }), [
    '/run/user/1000/ostree/auth.json',
    '/h/.config/ostree/auth.json',
  ]);
  assert.deepEqual(ostreeAuthfiles(1000, { XDG_CONFIG_HOME: '/x' }), ['/x/ostree/auth.json']);
});
