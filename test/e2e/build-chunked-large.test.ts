/**
 * The image of a real system, in the directory that TREEPORT_ROOTFS names (mmdebstrap makes one), holds the
 * commit that ostree makes of it.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { unlessInstalled, unlessRoot } from '../support/programs.ts';
import { must, mustTreeport } from './support/run.ts';
import { tempDir } from './support/scratch.ts';

const given = process.env.TREEPORT_ROOTFS;
const skip =
  unlessRoot() || unlessInstalled('ostree') || (given === undefined && 'TREEPORT_ROOTFS names no directory');

test('the image of a real system holds the commit that ostree makes of it', { skip }, async (t) => {
  const folder = await tempDir(t);
  const [root, image, repo] = ['root', 'image', 'repo'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  execFileSync('cp', ['-a', '--reflink=auto', given as string, root]);
  const words = ['container', 'build-chunked-oci', '--quiet', '--rootfs', root, '--compression-fast'];
  await mustTreeport([...words, '--output', `oci:${image}`]);
  await must(['ostree', `--repo=${repo}`, 'init', '--mode=bare']);
  const reference = `ostree-unverified-image:oci:${image}`;
  await mustTreeport(['container', 'unencapsulate', '--repo', repo, '--write-ref', 'ours', reference]);
  await must(['ostree', `--repo=${repo}`, 'fsck', '--quiet', '--all']);
  renameSync(join(root, 'etc'), join(root, 'usr/etc'));
  for (const name of ['dev', 'proc', 'run', 'sys', 'tmp', 'sysroot']) emptyDirectory(join(root, name));
  await must(['ostree', `--repo=${repo}`, 'commit', '--branch=theirs', `--tree=dir=${root}`]);
  const checksums = (ref: string) => must(['ostree', `--repo=${repo}`, 'ls', '-dC', ref, '/']);
  assert.equal(await checksums('ours'), await checksums('theirs'));
});

/** Keeps the directory itself, with its owner and mode. */
function emptyDirectory(path: string): void {
  if (existsSync(path)) execFileSync('find', [path, '-mindepth', '1', '-delete']);
}
