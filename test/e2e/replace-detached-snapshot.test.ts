/** New signatures of the commits of snapshots and mirror images, their deltas and lists included. */
import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { detachedMetadataKey, parseSuperblock } from '../../src/delta/static/superblock.ts';
import { parseChecksum } from '../../src/ostree/checksum.ts';
import { superblockPath } from '../../src/ostree/delta-name.ts';
import { unlessLibostree } from '../support/libostree.ts';
import { unpackLayers } from '../support/mirror-images.ts';
import { commitDirectory, initRepo } from '../support/ostree-repos.ts';
import { unlessInstalled, unlessRoot } from '../support/programs.ts';
import { NEW } from '../support/virtual-server.ts';
import { Client } from './support/client.ts';
import { type GpgKey, makeGpgKey, stopAgent } from './support/gpg.ts';
import { must, mustTreeport, treeport } from './support/run.ts';
import { atEnd, tempDir } from './support/scratch.ts';
import { serve } from './support/serve.ts';

const skip = unlessRoot() || unlessLibostree() || unlessInstalled('ostree', 'gpg', 'tar');
const timeout = 300_000;
const REFS = ['os/one', 'os/two'];
const REPLACE = ['container', 'image', 'replace-detached-metadata', '--quiet'];

/** Two refs, the first with a parent; and keys. */
async function makeSource(t: TestContext) {
  const folder = await tempDir(t);
  const repo = await initRepo(join(folder, 'repo'), 'archive');
  const tree = join(folder, 'tree');
  await mkdir(join(tree, 'usr'), { recursive: true });
  const commits: string[] = [];
  for (const [index, ref] of [REFS[0], ...REFS].entries()) {
    for (let file = 0; file < 20; file += 1)
      await writeFile(join(tree, `usr/file-${file}`), `content ${file > 3 || index} ${file}`.repeat(50));
    commits.push(await commitDirectory(repo, tree, { ref: ref as string }));
  }
  const secret = join(folder, 'key');
  await mustTreeport(['sign', 'keygen', secret]);
  return { folder, repo, secret, commits };
}

async function makeKey(
  t: TestContext,
  folder: string,
): Promise<{ readonly gpg: GpgKey; readonly signer: string }> {
  const gpg = await makeGpgKey(folder);
  atEnd(t, () => stopAgent(gpg.home));
  const command = `gpg --homedir ${gpg.home} --batch --quiet --local-user ${gpg.id} --detach-sign`;
  return { gpg, signer: `gpg=command:${command}` };
}

for (const main of [REFS[0], undefined]) {
  test(`a snapshot is signed, with the main ref ${main}`, { skip, timeout }, async (t) => {
    const { folder, repo, secret } = await makeSource(t);
    const [image, signed] = ['image', 'signed'].map((name) => `oci:${join(folder, name)}`) as [
      string,
      string,
    ];
    const mainRef = main === undefined ? [] : ['--main-ref', main];
    await mustTreeport([
      'snapshot',
      'create',
      '--quiet',
      '--compression-fast',
      '--repo',
      repo,
      ...mainRef,
      image,
    ]);
    const words = [...REPLACE, '--src', image, '--dest', signed, '--sign', `ed25519=file:${secret}`];
    const verify = ['snapshot', 'verify', '--keys-file', `${secret}.pub`];
    if (main === undefined) {
      const { status, stderr } = await treeport(words);
      assert.equal(status, 2);
      assert.match(stderr, /^treeport: ERR_USAGE: the snapshot oci:\S+ boots no commit; [^\n]+\n$/);
    } else {
      // Only the commit that it boots.
      await mustTreeport(words);
      await mustTreeport(['snapshot', 'verify', signed]);
      assert.match((await treeport([...verify, signed])).stderr, /^treeport: ERR_SIGNATURE_MISSING: /);
    }
    await mustTreeport([...words, '--commit', 'os/*']);
    await mustTreeport([...verify, signed]);
    const copy = await initRepo(join(folder, 'copy'), 'archive');
    await mustTreeport(['snapshot', 'extract', '--quiet', '--repo', copy, signed]);
    for (const ref of REFS)
      await mustTreeport(['sign', 'verify', '--repo', copy, '--keys-file', `${secret}.pub`, ref]);
    await must(['ostree', `--repo=${copy}`, 'fsck', '--quiet', '--all']);
    // It is a previous snapshot as it was before.
    const next = `oci:${join(folder, 'next')}`;
    await mustTreeport([
      'snapshot',
      'create',
      '--quiet',
      '--repo',
      copy,
      '--previous',
      signed,
      ...mainRef,
      next,
    ]);
    await mustTreeport([...verify, next]);
  });
}

test('clients pull by the deltas of an image that was signed later', { skip, timeout }, async (t) => {
  const { folder, repo, commits } = await makeSource(t);
  const [first, second, third] = commits as [string, string, string];
  const { gpg, signer } = await makeKey(t, folder);
  const [image, signed] = [join(folder, 'image'), join(folder, 'signed')];
  const deltas = ['--delta', 'scratch', '--delta', `from=${first}`, '--delta', 'virtual'];
  await mustTreeport([
    'mirror',
    'build',
    '--quiet',
    '--compression-fast',
    '--repo',
    repo,
    ...deltas,
    ...REFS,
    `oci:${image}`,
  ]);
  const words = [...REPLACE, '--src', `oci:${image}`, '--dest', `oci:${signed}`, '--sign', signer];
  const { stderr } = await treeport([...words, '--commit', second, '--commit', 'os/two']);
  assert.equal(stderr, '');
  const published = await unpackLayers(signed, join(folder, 'root'));
  const { repo: url } = await serve(t, published);
  const client = await Client.create(folder, url, { publicKey: gpg.publicKey });
  for (const [ref, commit] of [
    ['os/one', second],
    ['os/two', third],
  ] as const) {
    await client.pull('--require-static-deltas', ref);
    assert.equal(await client.revision(ref), commit);
  }
  await client.fsck();
});

test('virtual deltas of an image that was signed later have the signature', { skip, timeout }, async (t) => {
  const { folder, repo, secret, commits } = await makeSource(t);
  const [, commit] = commits as [string, string];
  const [image, signed] = [join(folder, 'image'), join(folder, 'signed')];
  const build = [
    'mirror',
    'build',
    '--quiet',
    '--compression-fast',
    '--delta',
    'virtual',
    '--repo',
    repo,
    'os/one',
  ];
  const sign = ['--sign', `ed25519=file:${secret}`];
  await mustTreeport([...build, `oci:${image}`]);
  await mustTreeport([...REPLACE, '--src', `oci:${image}`, '--dest', `oci:${signed}`, ...sign]);
  const published = await unpackLayers(signed, join(folder, 'root'));
  const { repo: url } = await serve(t, published, { words: ['--virtual-deltas', 'lan'] });
  const name = { from: undefined, to: parseChecksum(commit) };
  const response = await fetch(`${url}/${superblockPath(name)}`, { headers: NEW });
  assert.equal(response.status, 200);
  const { metadata } = parseSuperblock(Buffer.from(await response.arrayBuffer()));
  const detached = metadata.get(detachedMetadataKey(name))?.value as readonly [string, unknown][];
  assert.deepEqual(
    detached.map(([key]) => key),
    ['ostree.sign.ed25519'],
  );
});
