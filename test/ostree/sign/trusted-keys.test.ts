import assert from 'node:assert/strict';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import type { Remote } from '../../../src/ostree/remotes.ts';
import { ed25519 } from '../../../src/ostree/sign/ed25519.ts';
import { loadTrustedKeys } from '../../../src/ostree/sign/trusted-keys.ts';
import { must } from '../../e2e/support/run.ts';
import { coded } from '../../support/expect.ts';
import { unlessInstalled } from '../../support/programs.ts';
import { nodeEd25519Key } from '../../support/signing.ts';
import { testFolder } from '../../support/small-image.ts';

const KEYS = Array.from({ length: 6 }, () => nodeEd25519Key().public);
const key = (index: number): string => KEYS[index] as string;

/** A remote with these options and nothing else. */
function remoteWith(options: Readonly<Record<string, string>>): Remote {
  const config = new Map([['remote "os"', new Map(Object.entries(options))]]);
  return { name: 'os', repo: '/srv/repo', configs: [config], directories: [] };
}

/** A directory as /etc/ostree, with these files of keys, one key a line. */
async function machine(t: TestContext, files: Readonly<Record<string, readonly string[]>>): Promise<string> {
  const folder = await testFolder(t);
  for (const [name, keys] of Object.entries(files)) {
    await mkdir(join(folder, name, '..'), { recursive: true });
    await writeFile(join(folder, name), `${keys.join('\n')}\n`);
  }
  return folder;
}

async function trusted(
  remote: Remote,
  directories: readonly string[],
  own = false,
): Promise<readonly string[]> {
  const keys = await loadTrustedKeys(ed25519, remote, own, directories);
  return keys.trusted.map(({ id }) => id);
}

test('keys of the remote itself: the file, then the option, and not those of the machine', async (t) => {
  const here = await machine(t, { keys: [key(0), 'no key', key(1)], 'trusted.ed25519': [key(5)] });
  const remote = remoteWith({
    'verification-ed25519-file': join(here, 'keys'),
    'verification-ed25519-key': key(2),
  });
  assert.deepEqual(await trusted(remote, [here], true), [key(0), key(1), key(2)]);
});

test('a remote without keys takes those of the machine, file before directory, in the order of their names', async (t) => {
  const etc = await machine(t, {
    'trusted.ed25519.d/b': [key(2)],
    'trusted.ed25519.d/a': [key(1)],
    'trusted.ed25519': [key(0)],
    'trusted.spki': [key(5)],
  });
  await mkdir(join(etc, 'trusted.ed25519.d/directory'));
  const usr = await machine(t, { 'trusted.ed25519': [key(3)] });
  assert.deepEqual(await trusted(remoteWith({}), [etc, usr, '/nonexistent']), [
    key(0),
    key(1),
    key(2),
    key(3),
  ]);
});

test('a revoked key is trusted nowhere, not even in the options of the remote', async (t) => {
  const here = await machine(t, {
    'revoked.ed25519': [key(0)],
    'revoked.ed25519.d/more': [key(1)],
    'trusted.ed25519': [key(1), key(2)],
  });
  assert.deepEqual(await trusted(remoteWith({}), [here]), [key(2)]);
  const own = remoteWith({ 'verification-ed25519-key': key(0) });
  assert.deepEqual(await trusted(own, [here], true), []);
  const { revoked } = await loadTrustedKeys(ed25519, own, true, [here]);
  assert.deepEqual(
    revoked.map(({ id }) => id),
    [key(0), key(1)],
  );
});

test('an engine that is named in sign-verify demands keys of the remote itself', async (t) => {
  const here = await machine(t, { 'trusted.ed25519': [key(0)] });
  const options = 'verification-ed25519-key or verification-ed25519-file';
  await assert.rejects(trusted(remoteWith({}), [here], true), coded('ERR_NO_KEYS', '"os"', options));
  assert.deepEqual(await trusted(remoteWith({}), [], false), []);
});

test('configured keys that are not usable are an error, not a remote without keys', async (t) => {
  const here = await machine(t, { empty: [], 'trusted.ed25519': [key(0)] });
  const refused = (options: Readonly<Record<string, string>>, ...words: readonly string[]) =>
    assert.rejects(trusted(remoteWith(options), [here]), coded('ERR_NO_KEYS', ...words));
  await refused({ 'verification-ed25519-file': '/nonexistent/keys' }, 'cannot be read', '/nonexistent/keys');
  await refused(
    { 'verification-ed25519-file': join(here, 'empty') },
    join(here, 'empty'),
    'base64 of 32 bytes',
  );
  await refused({ 'verification-ed25519-key': 'AAAA' }, 'verification-ed25519-key', 'base64 of 32 bytes');
});

test('keys in a FIFO do not make us wait', { skip: unlessInstalled('mkfifo') }, async (t) => {
  const here = await machine(t, {});
  await must(['mkfifo', join(here, 'trusted.ed25519')]);
  await assert.rejects(trusted(remoteWith({}), [here]), coded('ERR_NO_KEYS', 'trusted.ed25519', 'a FIFO'));
  const options = { 'verification-ed25519-file': join(here, 'trusted.ed25519') };
  await assert.rejects(trusted(remoteWith(options), []), coded('ERR_NO_KEYS', 'a FIFO'));
});

test('a list of revoked keys that cannot be read is no empty list', async (t) => {
  const here = await machine(t, { 'trusted.ed25519': [key(0)] });
  await symlink('revoked.ed25519', join(here, 'revoked.ed25519'));
  await assert.rejects(trusted(remoteWith({}), [here]), coded('ERR_NO_KEYS', join(here, 'revoked.ed25519')));
});
