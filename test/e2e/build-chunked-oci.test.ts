/** A root filesystem becomes an image whose commit is the one that ostree makes of the same tree. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { unlessInstalled, unlessRoot } from '../support/programs.ts';
import { makeRootTree } from '../support/root-trees.ts';
import { readLayout } from './support/layout.ts';
import { PODMAN_PROGRAMS, Podman } from './support/podman.ts';
import { checkRefused } from './support/refusal.ts';
import { must, mustTreeport, treeport } from './support/run.ts';
import { tempDir } from './support/scratch.ts';

const skip = unlessRoot() || unlessInstalled('ostree', 'setfattr', 'setcap');
const timeout = 300_000;

async function place(t: test.TestContext) {
  const folder = await tempDir(t);
  const root = join(folder, 'root');
  makeRootTree(root);
  execFileSync('setfattr', ['-n', 'user.component', '-v', 'tools', join(root, 'usr/bin/tool')]);
  execFileSync('setcap', ['cap_net_raw+ep', join(root, 'usr/lib/empty')]);
  execFileSync('chown', ['-h', '12:3000000', join(root, 'usr/lib/sparse'), join(root, 'usr/bin/alias')]);
  utimesSync(root, 1, 1_700_000_000);
  const build = (output: string, ...words: readonly string[]) =>
    treeport(['container', 'build-chunked-oci', '--rootfs', root, '--output', output, ...words]);
  return { folder, root, build, image: join(folder, 'image') };
}

/** An OCI layout with these layers. */
async function writeImage(path: string, tars: readonly string[]): Promise<void> {
  mkdirSync(join(path, 'blobs/sha256'), { recursive: true });
  const put = (bytes: Buffer, mediaType: string) => {
    const digest = createHash('sha256').update(bytes).digest('hex');
    writeFileSync(join(path, 'blobs/sha256', digest), bytes);
    return { mediaType, digest: `sha256:${digest}`, size: bytes.length };
  };
  const json = (value: unknown, mediaType: string) => put(Buffer.from(JSON.stringify(value)), mediaType);
  const type = (name: string) => `application/vnd.oci.image.${name}+json`;
  const layers = tars.map((tar) => put(readFileSync(tar), 'application/vnd.oci.image.layer.v1.tar'));
  const config = json(
    {
      ...{ architecture: 'amd64', os: 'linux', config: { Labels: { vendor: 'example' } } },
      rootfs: { type: 'layers', diff_ids: layers.map(({ digest }) => digest) },
      history: [{ created_by: 'COPY' }, { created_by: 'RUN rm' }],
    },
    type('config.v1'),
  );
  const manifest = json({ schemaVersion: 2, config, layers }, type('manifest.v1'));
  writeFileSync(join(path, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests: [manifest] }));
  writeFileSync(join(path, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
}

/** Gives the tree the layout of a commit, as an administrator would by hand. */
function layOutByHand(root: string): void {
  for (const name of ['run', 'tmp', 'sysroot']) {
    rmSync(join(root, name), { recursive: true });
    mkdirSync(join(root, name));
  }
  renameSync(join(root, 'etc'), join(root, 'usr/etc'));
  execFileSync('chown', ['0:0', root]);
}

test('the image holds the commit that ostree makes of the tree', { skip, timeout }, async (t) => {
  const { folder, root, build, image } = await place(t);
  const first = await build(`oci:${image}`);
  assert.equal(first.status, 0, first.stderr);
  assert.match(first.stderr, /^treeport: warning: the content of \/run \(entries: 1\) is left out$/m);
  const again = await build(`oci:${image}-again`);
  assert.equal(again.stdout, first.stdout, 'the same root gives the same digest');

  const repo = join(folder, 'repo');
  await must(['ostree', `--repo=${repo}`, 'init', '--mode=bare']);
  const reference = `ostree-unverified-image:oci:${image}`;
  await mustTreeport(['container', 'unencapsulate', '--repo', repo, '--write-ref', 'ours', reference]);
  await must(['ostree', `--repo=${repo}`, 'fsck', '--quiet', '--all']);
  layOutByHand(root);
  const tree = `--tree=dir=${root}`;
  await must(['ostree', `--repo=${repo}`, 'commit', '--branch=theirs', '--bootable', tree]);
  const root1 = await must(['ostree', `--repo=${repo}`, 'ls', '-dCX', 'ours', '/']);
  assert.equal(root1, await must(['ostree', `--repo=${repo}`, 'ls', '-dCX', 'theirs', '/']));
  const show = (key: string, ref: string) =>
    must(['ostree', `--repo=${repo}`, 'show', `--print-metadata-key=${key}`, ref]);
  for (const key of ['ostree.linux', 'ostree.bootable'])
    assert.equal(await show(key, 'ours'), await show(key, 'theirs'));
  const { config } = readLayout(image);
  assert.equal(config.created, '2023-11-14T22:13:20Z');
  assert.equal(config.config.Labels?.['containers.bootc'], '1');
});

/** The label `ostree.commit` of a layout's image. */
function commitOf(image: string): string | undefined {
  return readLayout(image).config.config.Labels?.['ostree.commit'];
}

test('a tar file, an image and the directory give the same commit', { skip, timeout }, async (t) => {
  const { folder, root, build, image } = await place(t);
  const succeed = async (...words: readonly string[]) =>
    mustTreeport(['container', 'build-chunked-oci', '--quiet', ...words]);
  const time = ['--created', '2026-01-02T03:04:05Z'];
  assert.equal((await build(`oci:${image}`, ...time)).status, 0);
  const wanted = commitOf(image);

  const tar = join(folder, 'root.tar');
  const [pack, ...packing] = ['tar', '--xattrs', '--xattrs-include=*', '--format=posix', '-C', root];
  execFileSync(pack as string, [...packing, '-cf', tar, '.']);
  execFileSync('zstd', ['--quiet', tar]);
  for (const file of [tar, `${tar}.zst`]) {
    await succeed('--rootfs', file, '--output', `oci:${image}-tar`, ...time);
    assert.equal(commitOf(`${image}-tar`), wanted);
  }

  // An image of two layers, of which the upper removes what only the lower has.
  writeFileSync(join(root, 'usr/lib/removed'), '');
  const layers = [join(folder, 'lower.tar'), join(folder, 'upper.tar')] as const;
  execFileSync(pack as string, [...packing, '-cf', layers[0], '.']);
  mkdirSync(join(folder, 'upper/usr/lib'), { recursive: true });
  writeFileSync(join(folder, 'upper/usr/lib/.wh.removed'), '');
  execFileSync('tar', ['-C', join(folder, 'upper'), '-cf', layers[1], 'usr/lib/.wh.removed']);
  await writeImage(join(folder, 'base'), layers);
  await succeed('--from', `oci:${folder}/base`, '--output', `oci:${image}-from`, ...time);
  assert.equal(commitOf(`${image}-from`), wanted);
  const { config } = readLayout(`${image}-from`);
  assert.equal(config.config.Labels?.vendor, 'example');
  assert.deepEqual(config.history?.at(-1), { created_by: 'RUN rm', empty_layer: true });
});

test('a build goes on from the image that it replaces, and a dry run writes nothing', {
  skip,
  timeout,
}, async (t) => {
  const { folder, root, build, image } = await place(t);
  const words = ['--packing', 'compatible', '--max-layers', '8'];
  const layersOf = () => readLayout(image).layers.map(({ digest }) => digest);
  assert.equal((await build(`oci:${image}`, ...words)).status, 0);
  const before = layersOf();
  writeFileSync(join(root, 'usr/lib/modules/6.1.0/initramfs.img'), 'initramfs');
  const repo = join(folder, 'repo');
  await must(['ostree', `--repo=${repo}`, 'init', '--mode=archive']);
  const dry = await build(`oci:${image}`, ...words, '--dry-run', '--repo', repo, '--branch', 'os');
  assert.equal(dry.status, 0, dry.stderr);
  assert.deepEqual([layersOf(), await must(['ostree', `--repo=${repo}`, 'refs'])], [before, '']);
  const again = await build(`oci:${image}`, ...words);
  assert.equal(again.status, 0, again.stderr);
  assert.doesNotMatch(again.stderr, /afresh/);
  assert.ok(layersOf().filter((digest) => before.includes(digest)).length >= 2);
  const last = readLayout(image).config.history?.at(-1)?.created_by;
  assert.match(last ?? '', /initramfs/, 'what is new joins the layer that was reserved for it');
});

test('the commit goes into a repository as well, signed', { skip, timeout }, async (t) => {
  const { folder, root, image } = await place(t);
  const [repo, key] = [join(folder, 'repo'), join(folder, 'key')];
  await must(['ostree', `--repo=${repo}`, 'init', '--mode=archive']);
  await mustTreeport(['sign', 'keygen', key]);
  const words = ['--rootfs', root, '--output', `oci:${image}`, '--repo', repo, '--branch', 'os/main'];
  const further = ['--bootc', '--reference', 'latest', '--sign-commit', `ed25519=${key}`];
  await mustTreeport(['compose', 'build-chunked-oci', '--quiet', ...words, ...further]);
  const commit = await must(['ostree', `--repo=${repo}`, 'rev-parse', 'os/main']);
  assert.equal(commit, commitOf(image));
  await must(['ostree', `--repo=${repo}`, 'fsck', '--quiet', '--all']);
  await mustTreeport(['sign', 'verify', '--repo', repo, 'os/main', '--keys-file', `${key}.pub`]);
});

const storage = unlessRoot() || unlessInstalled('ostree', 'buildah', 'setfattr', ...PODMAN_PROGRAMS);

test("an image of podman's storage is read where it is mounted", { skip: storage, timeout }, async (t) => {
  const { folder, root, build, image } = await place(t);
  const time = ['--created', '2026-01-02T03:04:05Z'];
  assert.equal((await build(`oci:${image}`, ...time)).status, 0);
  const podman = await Podman.create(t, folder);
  const { env } = podman;
  const container = await must(['buildah', 'from', 'scratch'], { env });
  await must(['buildah', 'copy', '--quiet', container, root, '/'], { env });
  await must(['buildah', 'config', '--label', 'vendor=example', '--cmd', '/usr/bin/tool', container], {
    env,
  });
  await must(['buildah', 'commit', '--quiet', container, 'localhost/root:v1'], { env });
  await must(['buildah', 'rm', container], { env });
  const words = ['container', 'build-chunked-oci', '--from', 'localhost/root:v1', ...time];
  await mustTreeport([...words, '--output', `oci:${image}-from`], { env });
  const { config } = readLayout(`${image}-from`);
  assert.deepEqual([config.config.Cmd, config.config.Labels?.vendor], [['/usr/bin/tool'], 'example']);
  const mounts = readFileSync('/proc/mounts', 'utf8').split('\n');
  assert.deepEqual(
    mounts.filter((line) => line.startsWith('overlay ') && line.includes(folder)),
    [],
  );
  await checkRefused([...words, '--quiet', '--output', `oci:${image}-x`, '--rootfs', root], {
    ...{ code: 'ERR_USAGE', status: 2, env, naming: ['--from'], untouched: [image] },
  });
});

test('what is no root filesystem is refused, and nothing is written', { skip, timeout }, async (t) => {
  const { folder, root, image } = await place(t);
  const words = (rootfs: string, ...more: readonly string[]) => [
    ...['container', 'build-chunked-oci', '--quiet', '--rootfs', rootfs, '--output', `oci:${image}`],
    ...more,
  ];
  const untouched = [folder];
  await checkRefused(words(join(folder, 'none')), { code: 'ERR_ROOTFS', naming: ['none'], untouched });
  await checkRefused(words(join(root, 'usr')), { code: 'ERR_ROOTFS', naming: ['/usr', 'bin'], untouched });
  const created = words(root, '--created', 'yesterday');
  await checkRefused(created, { code: 'ERR_USAGE', status: 2, naming: ['yesterday'], untouched });
  execFileSync('mknod', [join(root, 'usr/lib/device'), 'c', '1', '3']);
  writeFileSync(join(root, 'usr/lib/other'), '');
  const naming = ['/usr/lib/device', 'character device'];
  await checkRefused(words(root), { code: 'ERR_ROOTFS_ENTRY', naming, untouched });
});
