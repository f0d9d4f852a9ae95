import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { openRemote, remoteBoolean, remoteList, remoteString } from '../../src/ostree/remotes.ts';
import { must } from '../e2e/support/run.ts';
import { tempDir } from '../e2e/support/scratch.ts';
import { coded } from '../support/expect.ts';
import { unlessInstalled } from '../support/programs.ts';

async function repoWith(t: TestContext, groups: string, core = ''): Promise<string> {
  const path = await tempDir(t);
  await mkdir(join(path, 'objects'));
  await writeFile(join(path, 'config'), `[core]\nrepo_version=1\nmode=archive-z2\n${core}\n${groups}`);
  return path;
}

test('the options of a remote', async (t) => {
  const repo = await repoWith(
    t,
    '[remote "os-x"]\nurl=http://h/\ngpg-verify=false\nsign-verify=ed25519;spki;\ngpgkeypath=/a,/b;/c\n',
  );
  const remote = await openRemote(repo, 'os-x');
  assert.equal(remoteString(remote, 'url'), 'http://h/');
  assert.equal(remoteString(remote, 'absent'), undefined);
  assert.equal(remoteBoolean(remote, 'gpg-verify', true), false);
  assert.equal(remoteBoolean(remote, 'gpg-verify-summary', true), true);
  assert.deepEqual(remoteList(remote, 'sign-verify'), ['ed25519', 'spki']);
  assert.deepEqual(remoteList(remote, 'gpgkeypath', ';,'), ['/a', '/b', '/c']);
  assert.deepEqual(remoteList(remote, 'absent'), []);
});

test('a word that is no boolean is refused, for it could turn verification off', async (t) => {
  const repo = await repoWith(t, '[remote "os"]\ngpg-verify=ture\n');
  const remote = await openRemote(repo, 'os');
  assert.throws(
    () => remoteBoolean(remote, 'gpg-verify', true),
    coded('ERR_REPO_CONFIG', 'gpg-verify', '"os"', repo, '"ture"'),
  );
});

test('a remote that is not there: which are, and how to add it', async (t) => {
  const repo = await repoWith(t, '[remote "one"]\nurl=x\n[remote "two"]\nurl=x\n');
  await assert.rejects(
    openRemote(repo, 'three'),
    coded('ERR_REMOTE_MISSING', repo, '"three"', 'one, two', 'ostree remote add'),
  );
  await assert.rejects(openRemote(repo, ''), coded('ERR_REMOTE_MISSING', '""'));
});

test("a remote and single options may come from the repository's parent", async (t) => {
  const parent = await repoWith(t, '[remote "os"]\ngpg-verify=false\nurl=parent\n');
  const repo = await repoWith(t, '[remote "os"]\nurl=child\n', `parent=${parent}`);
  const remote = await openRemote(repo, 'os');
  assert.equal(remoteString(remote, 'url'), 'child');
  assert.equal(remoteBoolean(remote, 'gpg-verify', true), false);
  const heir = await openRemote(await repoWith(t, '', `parent=${parent}`), 'os');
  assert.equal(remoteString(heir, 'url'), 'parent');
});

test('a directory of remotes: only *.conf, after the config', async (t) => {
  const repo = await repoWith(t, '[remote "os"]\nurl=config\n');
  const remotesDirectory = await tempDir(t);
  await writeFile(join(remotesDirectory, 'more.conf'), '[remote "os"]\nurl=more\n[remote "other"]\nurl=o\n');
  await writeFile(join(remotesDirectory, 'more.conf.bak'), '[remote "old"]\nurl=old\n');
  assert.equal(remoteString(await openRemote(repo, 'os', { remotesDirectory }), 'url'), 'config');
  const other = await openRemote(repo, 'other', { remotesDirectory });
  assert.equal(remoteString(other, 'url'), 'o');
  assert.ok(other.directories.includes(remotesDirectory));
  await assert.rejects(openRemote(repo, 'other'), coded('ERR_REMOTE_MISSING', '"other"'));
  await assert.rejects(openRemote(repo, 'old', { remotesDirectory }), coded('ERR_REMOTE_MISSING', '"old"'));
  await writeFile(join(remotesDirectory, 'bad.conf'), '[remote "x"]\nnonsense\n');
  await assert.rejects(
    openRemote(repo, 'os', { remotesDirectory }),
    coded('ERR_REPO_CONFIG', 'bad.conf, line 2'),
  );
});

test('a FIFO among the remotes does not make us wait', { skip: unlessInstalled('mkfifo') }, async (t) => {
  const remotesDirectory = await tempDir(t);
  await must(['mkfifo', join(remotesDirectory, 'fifo.conf')]);
  await assert.rejects(
    openRemote(await repoWith(t, ''), 'os', { remotesDirectory }),
    coded('ERR_REPO_CONFIG', 'fifo.conf', 'a FIFO'),
  );
});
