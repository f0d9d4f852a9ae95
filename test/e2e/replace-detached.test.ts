/** New signatures in existing images: the image becomes what it would be had the commit been signed first. */
import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { openImage } from '../../src/oci/read/open-image.ts';
import { readEntries } from '../../src/tar/read-entries.ts';
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
const timeout = 300_000;

async function makeSource(t: TestContext) {
  const folder = await tempDir(t);
  const repo = await initRepo(join(folder, 'repo'), 'archive');
  const tree = join(folder, 'tree');
  await mkdir(join(tree, 'usr'), { recursive: true });
  for (let file = 0; file < 50; file += 1) await writeFile(join(tree, `usr/file-${file}`), `content ${file}`);
  const commit = await commitDirectory(repo, tree);
  const secret = join(folder, 'key');
  await mustTreeport(['sign', 'keygen', secret]);
  return { folder, repo, commit, secret };
}

const REPLACE = ['container', 'image', 'replace-detached-metadata', '--quiet'];

test('signed afterwards or before: the same image, byte for byte', { skip, timeout }, async (t) => {
  const { folder, repo, commit, secret } = await makeSource(t);
  const at = (name: string) => `oci:${join(folder, name)}`;
  const encapsulate = (compression: string, name: string) => {
    const words = ['container', 'encapsulate', '--quiet', '--repo', repo, '--compression', compression];
    return mustTreeport([...words, REF, at(name)]);
  };
  const kinds = [
    ['gzip:6', 'gzip'],
    ['zstd', 'zstd'],
  ] as const;
  const unsigned: string[] = [];
  for (const [compression, kind] of kinds) unsigned.push(await encapsulate(compression, `unsigned-${kind}`));
  await mustTreeport(['sign', 'commit', '--repo', repo, REF, '--keys-file', secret]);
  const detached = join(repo, `objects/${commit.slice(0, 2)}/${commit.slice(2)}.commitmeta`);
  for (const [index, [compression, kind]] of kinds.entries()) {
    const signed = await encapsulate(compression, `signed-${kind}`);
    const replace = (from: string, to: string, ...words: readonly string[]) =>
      mustTreeport([...REPLACE, '--src', at(`${from}-${kind}`), '--dest', at(`${to}-${kind}`), ...words]);
    assert.equal(await replace('unsigned', 'later', '--sign', `ed25519=file:${secret}`), signed);
    assert.equal(await replace('unsigned', 'given', detached), signed);
    assert.equal(await replace('signed', 'removed'), unsigned[index]);
  }
});

test('an import verifies the new signature; derived layers and the label stay right', {
  skip,
  timeout,
}, async (t) => {
  const { folder, repo, secret } = await makeSource(t);
  const image = `oci:${folder}/image`;
  await mustTreeport(['container', 'encapsulate', '--quiet', '--repo', repo, REF, image]);
  // A derived layer, so that the image has more than the ostree layer.
  await mustTreeport(['mirror', 'wrap', '--quiet', '--compression', 'gzip:1', image, `oci:${folder}/mirror`]);
  const signed = `oci:${folder}/signed`;
  await mustTreeport([
    ...REPLACE,
    '--src',
    `oci:${folder}/mirror`,
    '--dest',
    signed,
    '--sign',
    `ed25519=file:${secret}`,
  ]);
  const target = await initRepo(join(folder, 'target'), 'archive');
  const options = ['--set=gpg-verify=false', '--set=sign-verify=ed25519'];
  const key = `--set=verification-ed25519-file=${secret}.pub`;
  await must(['ostree', `--repo=${target}`, 'remote', 'add', ...options, key, 'os', 'https://example.com']);
  await mustTreeport([
    'container',
    'unencapsulate',
    '--quiet',
    '--repo',
    target,
    `ostree-remote-image:os:${signed}`,
  ]);
  const unsigned = await treeport([
    'container',
    'unencapsulate',
    '--repo',
    target,
    `ostree-remote-image:os:oci:${folder}/mirror`,
  ]);
  assert.match(unsigned.stderr, /ERR_SIGNATURE_MISSING/);
  const opened = await openImage({ transport: 'oci', name: `${folder}/signed` });
  const { config, manifest } = opened;
  const label = config.config?.Labels?.['ostree.final-diffid'];
  assert.equal(label, config.rootfs.diff_ids[0]);
  assert.equal(manifest.annotations?.['ostree.final-diffid'], label);
  for (const layer of manifest.layers)
    for await (const { path } of readEntries(opened.layer(layer))) assert.ok(path);
  await opened.close();
});

test('a mirror image serves the new signature', { skip, timeout }, async (t) => {
  const { folder, repo, commit } = await makeSource(t);
  const gpg = await makeGpgKey(folder);
  atEnd(t, () => stopAgent(gpg.home));
  const [image, signed] = [join(folder, 'image'), join(folder, 'signed')];
  await mustTreeport([
    'mirror',
    'build',
    '--quiet',
    '--compression',
    'gzip:1',
    '--repo',
    repo,
    REF,
    `oci:${image}`,
  ]);
  const command = `gpg --homedir ${gpg.home} --batch --quiet --local-user ${gpg.id} --detach-sign`;
  const words = [...REPLACE, '--src', `oci:${image}`, '--dest', `oci:${signed}`];
  await mustTreeport([...words, '--sign', `gpg=command:${command}`]);
  const { repo: url } = await serve(t, await unpackLayers(signed, join(folder, 'root')));
  const client = await Client.create(folder, url, { publicKey: gpg.publicKey });
  await client.pull(REF);
  assert.equal(await client.revision(REF), commit);
  await client.fsck();
});

test('contents that are no metadata, and a plain image, are refused', { skip, timeout }, async (t) => {
  const { folder, repo, secret } = await makeSource(t);
  const image = `oci:${folder}/image`;
  await mustTreeport(['container', 'encapsulate', '--quiet', '--repo', repo, REF, image]);
  const words = [...REPLACE, '--src', image, '--dest', `oci:${folder}/new`];
  for (const [more, code] of [
    [[secret], 'ERR_VARIANT'],
    [[`${folder}/none`], 'ERR_IO'],
    [[secret, '--sign', `ed25519=file:${secret}`], 'ERR_USAGE'],
    [['--sign', 'ed25519=command:exit 1'], 'ERR_SIGN_COMMAND'],
  ] as const) {
    const { status, stderr } = await treeport([...words, ...more]);
    assert.notEqual(status, 0);
    assert.match(stderr, new RegExp(code));
  }
});
