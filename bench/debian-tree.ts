/**
 * The tree of all measurements: a bootable Debian 12 in the layout that ostree requires of an OS (`/etc` as
 * `/usr/etc`, `/var` empty), committed to a bare repository and copied to an archive repository; and the same
 * tree without Debian's updates, for deltas.
 */
import { existsSync } from 'node:fs';
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Command, run } from './command.ts';
import { prepared, STORAGE, withScratch } from './storage.ts';

export const REF = 'debian/bookworm';
/** The tree of the suite as it was released, in the repository of {@link debianUpdate}. */
export const RELEASED_REF = 'debian/released';
const PACKAGES = 'systemd,bash,python3,perl,git,vim,linux-image-amd64';
/** The suite alone; by default mmdebstrap adds its updates and security. */
export const RELEASED = 'deb http://deb.debian.org/debian bookworm main';

export type DebianRepos = { readonly bare: string; readonly archive: string };

/**
 * Paths of the two repositories. The first run takes minutes and needs root and the network; later runs reuse
 * them.
 */
export async function debianRepos(): Promise<DebianRepos> {
  const bare = await prepared('repos/bare', (repo) => commitDebian({ repo, mode: 'bare', ref: REF }));
  const archive = await prepared('repos/archive', async (path) => {
    await ostree(path, 'init', '--mode=archive');
    await ostree(path, 'pull-local', bare, REF);
  });
  return { bare, archive };
}

/** Path of an archive repository with {@link RELEASED_REF} and, as its update, {@link REF}. */
export async function debianUpdate(): Promise<string> {
  const { archive } = await debianRepos();
  return prepared('repos/released', async (repo) => {
    await commitDebian({ repo, mode: 'archive', ref: RELEASED_REF, sources: [RELEASED] });
    await ostree(repo, 'pull-local', archive, REF);
  });
}

function ostree(repo: string, ...words: readonly string[]): Promise<void> {
  return run(['ostree', `--repo=${repo}`, ...words]);
}

export type TreeOptions = {
  readonly repo: string;
  readonly mode: 'bare' | 'archive';
  readonly ref: string;
  /** Lines of sources.list. */
  readonly sources?: readonly string[];
  /** Besides {@link PACKAGES}; in the words of apt-get install. */
  readonly packages?: readonly string[];
  /** Keeps dpkg's database, at a place where treeport finds it. */
  readonly database?: boolean;
};

/** Bootstraps a tree and commits it to the repository, which is made if it is missing. */
export async function commitDebian({ repo, mode, ref, ...options }: TreeOptions): Promise<void> {
  if (process.getuid?.() !== 0) {
    throw new Error(
      `${join(STORAGE, 'repos')} does not exist yet, and creating it needs root (for mmdebstrap) and Debian's package servers`,
    );
  }
  await withScratch(async (scratch) => {
    const tree = join(scratch, 'tree');
    await run(bootstrap(tree, options));
    if (options.database) await keepDatabase(tree);
    await layOut(tree);
    await mkdir(repo, { recursive: true });
    await ostree(repo, 'init', `--mode=${mode}`);
    await ostree(repo, 'commit', `--branch=${ref}`, '--subject=Debian 12', `--tree=dir=${tree}`);
  });
}

function bootstrap(tree: string, { sources = [], packages = [] }: Partial<TreeOptions>): Command {
  const include = [PACKAGES, ...packages].join(',');
  return ['mmdebstrap', '--variant=minbase', `--include=${include}`, 'bookworm', tree, ...sources];
}

/** As Debian's bootc images have it, without the lists and locks of apt's downloads. */
async function keepDatabase(tree: string): Promise<void> {
  await mkdir(join(tree, 'usr/lib/sysimage'), { recursive: true });
  await rename(join(tree, 'var/lib/dpkg'), join(tree, 'usr/lib/sysimage/dpkg'));
  for (const name of [
    'available',
    'lock',
    'lock-frontend',
    'status-old',
    'diversions-old',
    'statoverride-old',
  ])
    await rm(join(tree, 'usr/lib/sysimage/dpkg', name), { force: true });
}

async function layOut(tree: string): Promise<void> {
  if (!existsSync(join(tree, 'usr/etc'))) await rename(join(tree, 'etc'), join(tree, 'usr/etc'));
  for (const folder of ['var', 'dev', 'run', 'tmp']) {
    for (const name of await readdir(join(tree, folder))) {
      await rm(join(tree, folder, name), { recursive: true, force: true });
    }
  }
}
