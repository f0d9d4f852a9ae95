/** A root filesystem becomes an image whose commit is the one that ostree makes of the same tree. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { unlessInstalled, unlessRoot } from '../support/programs.ts';
import { makeRootTree } from '../support/root-trees.ts';
import { readLayout } from './support/layout.ts';
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
