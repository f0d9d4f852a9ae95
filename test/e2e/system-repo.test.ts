/**
 * A deployed machine is the mirror of its neighbours: `treeport serve --repo /ostree/repo` offers what it
 * runs.
 */
import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import { commitDirectory, initRepo, REF } from '../support/ostree-repos.ts';
import { unlessInstalled, unlessRoot } from '../support/programs.ts';
import { must } from './support/run.ts';
import { tempDir } from './support/scratch.ts';
import { serve } from './support/serve.ts';

const skip = unlessRoot() || unlessInstalled('ostree');
const timeout = 120_000;

/** A machine's file system with an OS named `os`, which updates from the remote `origin`. */
class Machine {
  readonly root: string;

  constructor(root: string) {
    this.root = root;
  }

  static async create(root: string, url: string): Promise<Machine> {
    await mkdir(root);
    const machine = new Machine(root);
    await must(['ostree', 'admin', 'init-fs', root]);
    await machine.admin('os-init', 'os');
    await machine.repo('config', 'set', 'core.min-free-space-percent', '0');
    await machine.repo('config', 'set', 'sysroot.bootloader', 'none');
    await machine.repo('remote', 'add', '--no-gpg-verify', 'origin', url);
    return machine;
  }

  get repoPath(): string {
    return join(this.root, 'ostree/repo');
  }

  admin(verb: string, ...words: readonly string[]): Promise<string> {
    // Deployments are made immutable, which keeps them from being removed.
    const env = { OSTREE_SYSROOT_DEBUG: 'mutable-deployments' };
    return must(['ostree', 'admin', verb, `--sysroot=${this.root}`, ...words], { env });
  }

  repo(...words: readonly string[]): Promise<string> {
    return must(['ostree', `--repo=${this.repoPath}`, ...words]);
  }

  async install(): Promise<void> {
    await this.repo('pull', 'origin', REF);
    await this.admin('deploy', '--os=os', `origin:${REF}`);
  }

  async upgrade(): Promise<void> {
    await this.admin('upgrade', '--os=os');
  }

  /** The commit that it boots next. */
  async deployed(): Promise<string> {
    return /os ([0-9a-f]{64})\.\d/.exec(await this.admin('status'))?.[1] ?? '';
  }
}

/** What a deployment needs of an OS. */
async function osTree(folder: string, version: string): Promise<string> {
  const tree = join(folder, `tree-${version}`);
  const files = {
    'usr/lib/modules/6.1/vmlinuz': `kernel of ${version}`,
    'usr/lib/modules/6.1/initramfs.img': 'initramfs',
    'usr/lib/os-release': `NAME=Example\nID=example\nVERSION_ID=${version}\n`,
    'usr/etc/os-name': 'example',
  };
  for (const [path, text] of Object.entries(files)) {
    await mkdir(join(tree, path, '..'), { recursive: true });
    await writeFile(join(tree, path), text);
  }
  return tree;
}

test('a machine installs from its neighbour, and follows its upgrades', { skip, timeout }, async (t) => {
  const folder = await tempDir(t);
  const factory = await initRepo(join(folder, 'factory'), 'archive');
  const first = await commitDirectory(factory, await osTree(folder, '1'));
  const one = await Machine.create(join(folder, 'one'), `file://${factory}`);
  await one.install();
  assert.equal(await one.deployed(), first);

  const serving = await serve(t, one.repoPath);
  const two = await Machine.create(join(folder, 'two'), serving.repo);
  await two.install();
  assert.equal(await two.deployed(), first);

  const words = ['--timestamp=2026-02-03 04:05:06 +0000'];
  const second = await commitDirectory(factory, await osTree(folder, '2'), { words });
  await one.upgrade();
  assert.equal(await one.deployed(), second);
  await two.upgrade();
  assert.equal(await two.deployed(), second);
  await two.repo('fsck', '--quiet');

  const page = await (await fetch(serving.origin)).text();
  assert.ok(page.includes(REF) && !page.includes('ostree/0/') && !page.includes('ostree/1/'));
  // Without the ref that was fetched it is known by its deployments alone.
  await one.repo('refs', '--delete', `origin:${REF}`);
  assert.equal(await (await fetch(`${serving.repo}/refs/heads/${REF}`)).text(), `${second}\n`);
  assert.equal(await must(['ostree', `--repo=${two.repoPath}`, 'remote', 'refs', 'origin']), `origin:${REF}`);
});
