/**
 * The tree everything is measured on: a bootable Debian 12, laid out as ostree wants an OS (`/etc` as
 * `/usr/etc`, `/var` empty), committed to a bare repository and copied into an archive one.
 */
import { existsSync } from 'node:fs';
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Command, run } from './command.ts';
import { prepared, STORAGE, withScratch } from './storage.ts';

export const REF = 'debian/bookworm';
const PACKAGES = 'systemd,bash,python3,perl,git,vim,linux-image-amd64';

export type DebianRepos = { readonly bare: string; readonly archive: string };

/** Paths of the two repositories. The first call takes minutes, the network and root; later ones nothing. */
export async function debianRepos(): Promise<DebianRepos> {
  const bare = await prepared('repos/bare', commitTree);
  const archive = await prepared('repos/archive', async (path) => {
    await ostree(path, 'init', '--mode=archive');
    await ostree(path, 'pull-local', bare, REF);
  });
  return { bare, archive };
}

function ostree(repo: string, ...words: readonly string[]): Promise<void> {
  return run(['ostree', `--repo=${repo}`, ...words]);
}

async function commitTree(repo: string): Promise<void> {
  if (process.getuid?.() !== 0) {
    throw new Error(
      `${join(STORAGE, 'repos')} is not there yet: making it needs root (mmdebstrap) and Debian's package servers`,
    );
  }
  await withScratch(async (scratch) => {
    const tree = join(scratch, 'tree');
    await run(bootstrap(tree));
    await layOut(tree);
    await mkdir(repo, { recursive: true });
    await ostree(repo, 'init', '--mode=bare');
    await ostree(repo, 'commit', `--branch=${REF}`, '--subject=Debian 12', `--tree=dir=${tree}`);
  });
}

function bootstrap(tree: string): Command {
  return ['mmdebstrap', '--variant=minbase', `--include=${PACKAGES}`, 'bookworm', tree];
}

async function layOut(tree: string): Promise<void> {
  if (!existsSync(join(tree, 'usr/etc'))) await rename(join(tree, 'etc'), join(tree, 'usr/etc'));
  for (const folder of ['var', 'dev', 'run', 'tmp']) {
    for (const name of await readdir(join(tree, folder))) {
      await rm(join(tree, folder, name), { recursive: true, force: true });
    }
  }
}
