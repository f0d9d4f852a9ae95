/**
 * The tree of all measurements: a bootable Debian 12 in the layout that ostree requires of an OS (`/etc` as
 * `/usr/etc`, `/var` empty), committed to a bare repository and copied to an archive repository.
 */
import { existsSync } from 'node:fs';
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Command, run } from './command.ts';
import { prepared, STORAGE, withScratch } from './storage.ts';

export const REF = 'debian/bookworm';
const PACKAGES = 'systemd,bash,python3,perl,git,vim,linux-image-amd64';

export type DebianRepos = { readonly bare: string; readonly archive: string };

/**
 * Paths of the two repositories. The first run takes minutes and needs root and the network; later runs reuse
 * them.
 */
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
      `${join(STORAGE, 'repos')} does not exist yet, and creating it needs root (for mmdebstrap) and Debian's package servers`,
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
