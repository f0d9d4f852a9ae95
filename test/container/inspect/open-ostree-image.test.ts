import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import { ostreeAuthfiles, withOstreeCredentials } from '../../../src/container/inspect/open-ostree-image.ts';
import { testFolder } from '../../support/small-image.ts';

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

test('the first that can be read is used, unless something else is said', async (t) => {
  const home = await testFolder(t);
  const environment = { HOME: home, XDG_RUNTIME_DIR: join(home, 'run') };
  const access = { certDir: '/c' };
  assert.deepEqual(await withOstreeCredentials(access, environment, 1000), access);
  const authfile = join(home, '.config/ostree/auth.json');
  await mkdir(join(authfile, '..'), { recursive: true });
  await writeFile(authfile, '{}');
  assert.deepEqual(await withOstreeCredentials(access, environment, 1000), { ...access, authfile });
  const said = [{ authfile: '/mine' }, { anonymous: true }];
  for (const other of said) assert.deepEqual(await withOstreeCredentials(other, environment, 1000), other);
  const named = { ...environment, REGISTRY_AUTH_FILE: '/named' };
  assert.deepEqual(await withOstreeCredentials(access, named, 1000), access);
});
