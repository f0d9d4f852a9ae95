/** What the documentation's commands work on: a repository of an OS, keys, and a registry with its images. */
import { cp, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { type GpgKey, makeGpgKey, stopAgent } from './gpg.ts';
import { newRepo } from './import-repo.ts';
import { startRegistry } from './registry.ts';
import { must, mustTreeport } from './run.ts';

export const DOCUMENTED_REF = 'os/x86_64/stable';
/** Of the owner of the GPG key. */
export const DOCUMENTED_ADDRESS = 'test@example.com';

export type DocumentedWorld = {
  /** A folder that each page has a copy of: srv/repo, keys in os.gpg, os.pub and gpg/, and tree/. */
  readonly template: string;
  readonly gpg: GpgKey;
  /** HOST:PORT. */
  readonly registry: string;
};

const PACKAGES = (version: number) =>
  ['base', 'shell'].map(
    (name) =>
      `Package: ${name}\nStatus: install ok installed\nArchitecture: amd64\nVersion: ${version}\nMaintainer: a\nDescription: d\n`,
  );

/** With three signed commits of a system with packages. */
export async function makeDocumentedWorld(
  t: Pick<TestContext, 'after'>,
  folder: string,
): Promise<DocumentedWorld> {
  const template = join(folder, 'template');
  const repo = join(template, 'srv/repo');
  await mkdir(join(template, 'srv'), { recursive: true });
  await newRepo(repo);
  await commitVersions(repo, join(template, 'tree'));
  const gpg = await sign(repo, template);
  const registry = await startRegistry(t, folder);
  await push(repo, registry);
  return { template, gpg, registry };
}

async function commitVersions(repo: string, tree: string): Promise<void> {
  const dpkg = join(tree, 'usr/share/factory/var/lib/dpkg');
  for (const path of ['usr/bin', 'usr/etc', 'usr/lib'].map((name) => join(tree, name)))
    await mkdir(path, { recursive: true });
  await mkdir(join(dpkg, 'info'), { recursive: true });
  await writeFile(join(tree, 'usr/lib/os-release'), 'NAME=os\n');
  await writeFile(join(dpkg, 'info/base.list'), '/.\n/usr\n/usr/lib\n/usr/lib/os-release\n');
  await writeFile(join(dpkg, 'info/shell.list'), '/.\n/usr\n/usr/bin\n/usr/bin/sh\n/etc\n/etc/bash.bashrc\n');
  for (const version of [1, 2, 3]) {
    await writeFile(join(tree, 'usr/bin/sh'), `shell ${version}\n`.repeat(500));
    await writeFile(join(tree, 'usr/etc/bash.bashrc'), `version=${version}\n`);
    await writeFile(join(dpkg, 'status'), PACKAGES(version).join('\n'));
    const words = [`--branch=${DOCUMENTED_REF}`, `--bind-ref=${DOCUMENTED_REF}`];
    const time = `--timestamp=2026-01-0${version} 00:00:00Z`;
    await must(['ostree', `--repo=${repo}`, 'commit', ...words, time, tree]);
  }
}

/** Signs the commits by GPG and by an ed25519 key, which a remote `os` of the repository has. */
async function sign(repo: string, template: string): Promise<GpgKey> {
  const gpg = await makeGpgKey(template);
  await cp(gpg.publicKey, join(template, 'os.gpg'));
  const key = join(template, 'first.ed25519');
  const trusted = await mustTreeport(['sign', 'keygen', key]);
  await cp(`${key}.pub`, join(template, 'os.pub'));
  for (const revision of ['^^', '^', ''].map((steps) => DOCUMENTED_REF + steps)) {
    await mustTreeport(['sign', 'commit', '--repo', repo, '--keys-file', key, revision]);
    const words = ['--gpg-sign', gpg.id, '--gpg-homedir', gpg.home];
    await mustTreeport(['sign', 'commit', '--repo', repo, ...words, revision]);
  }
  await stopAgent(gpg.home);
  const options = [
    '--set=gpg-verify=false',
    '--set=sign-verify=ed25519',
    `--set=verification-ed25519-key=${trusted}`,
  ];
  await must(['ostree', `--repo=${repo}`, 'remote', 'add', ...options, 'os', 'https://os.example.com/repo']);
  return gpg;
}

/** The images that pages name before they make them. */
async function push(repo: string, registry: string): Promise<void> {
  const words = (ref: string, name: string) => [
    ...['--quiet', '--insecure-skip-tls-verification', '--repo', repo],
    ...[ref, `docker://${registry}/${name}`],
  ];
  const encapsulate = (name: string, ref: string, more: readonly string[] = []) =>
    mustTreeport(['container', 'encapsulate', ...more, ...words(ref, name)]);
  await encapsulate('os:1', `${DOCUMENTED_REF}^`);
  await encapsulate('os:stable', DOCUMENTED_REF);
  for (const arch of ['amd64', 'arm64']) await encapsulate(`os/${arch}:1`, DOCUMENTED_REF, ['--arch', arch]);
  const mirrors = ['os-mirror:1', 'os-mirror:stable', 'os/mirror:1'];
  for (const name of mirrors)
    await mustTreeport(['mirror', 'build', '--compression-fast', ...words(DOCUMENTED_REF, name)]);
}
