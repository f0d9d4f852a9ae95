/** Mirrors and live servers that sign the summary with keys of their own, for clients that demand it. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { unlessLibostree } from '../support/libostree.ts';
import { unpackLayers } from '../support/mirror-images.ts';
import { commitDirectory, initRepo, REF } from '../support/ostree-repos.ts';
import { unlessInstalled, unlessRoot } from '../support/programs.ts';
import { Client } from './support/client.ts';
import { makeGpgKey, stopAgent } from './support/gpg.ts';
import { must, mustTreeport, treeport } from './support/run.ts';
import { atEnd, tempDir } from './support/scratch.ts';
import { serve } from './support/serve.ts';

const skip = unlessRoot() || unlessLibostree() || unlessInstalled('ostree', 'gpg', 'tar');
const OTHER = 'exampleos/x86_64/other';

async function makeSource(t: TestContext) {
  const folder = await tempDir(t);
  const repo = await initRepo(join(folder, 'repo'), 'archive');
  const tree = join(folder, 'tree');
  await must(['mkdir', '-p', join(tree, 'usr')]);
  await writeFile(join(tree, 'usr/file'), 'content');
  const commit = await commitDirectory(repo, tree);
  await commitDirectory(repo, tree, { ref: OTHER });
  const gpg = await makeGpgKey(folder);
  atEnd(t, () => stopAgent(gpg.home));
  const command = `gpg --homedir ${gpg.home} --batch --quiet --local-user ${gpg.id} --detach-sign`;
  const secret = join(folder, 'key');
  await mustTreeport(['sign', 'keygen', secret]);
  return { folder, repo, tree, commit, gpg, command, secret };
}

/** A client that demands signed summaries, but no signed commits. */
async function strictClient(folder: string, url: string, publicKey: string): Promise<Client> {
  const client = await Client.create(folder, url, { publicKey, verifySummary: true });
  await client.ostree('config', 'set', 'remote "mirror".gpg-verify', 'false');
  return client;
}

test('a mirror of fewer refs has a summary signed by its own key', { skip, timeout: 300_000 }, async (t) => {
  const { folder, repo, commit, gpg, command, secret } = await makeSource(t);
  const image = join(folder, 'image');
  const build = ['mirror', 'build', '--quiet', '--repo', repo, '--compression', 'gzip:1'];
  const signing = ['--sign-summary', `gpg=command:${command}`, '--sign-summary', `ed25519=file:${secret}`];
  await mustTreeport([...build, ...signing, REF, `oci:${image}`]);
  const root = join(folder, 'root');
  const published = await unpackLayers(image, root);
  const { repo: url } = await serve(t, published);
  const client = await strictClient(folder, url, gpg.publicKey);
  await client.pull(REF);
  assert.equal(await client.revision(REF), commit);
  await client.fsck();
  const verify = ['sign', 'verify', '--repo', published, '--summary', '--keys-file', `${secret}.pub`];
  assert.match(await mustTreeport(verify), /^good {2}ed25519/);
  // No key is in the image.
  const found = await must(['sh', '-c', `grep -rlF "$(cat ${secret})" ${root} || true`]);
  assert.equal(found, '');

  const failing = await treeport([
    ...build,
    '--sign-summary',
    'ed25519=command:exit 1',
    REF,
    `oci:${folder}/other`,
  ]);
  assert.equal(failing.status, 1);
  assert.match(failing.stderr, /ERR_SIGN_COMMAND/);
  assert.equal(existsSync(`${folder}/other`), false);
});

test('a live server signs the summary again when refs change', { skip, timeout: 300_000 }, async (t) => {
  const { folder, repo, tree, gpg, command } = await makeSource(t);
  const { repo: url } = await serve(t, repo, { words: ['--sign-summary', `gpg=command:${command}`] });
  const client = await strictClient(folder, url, gpg.publicKey);
  await client.pull(REF);
  await writeFile(join(tree, 'usr/file'), 'other content');
  const second = await commitDirectory(repo, tree);
  await client.pull(REF);
  assert.equal(await client.revision(REF), second);
  await client.fsck();
});
