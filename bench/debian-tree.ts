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
const RELEASED = 'deb http://deb.debian.org/debian bookworm main';

export type DebianRepos = { readonly bare: string; readonly archive: string };

/**
 * Paths of the two repositories. The first run takes minutes and needs root and the network; later runs reuse
 * them.
 */
export async function debianRepos(): Promise<DebianRepos> {
  const bare = await prepared('repos/bare', (repo) => commitTree({ repo, mode: 'bare', ref: REF }));
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
    await commitTree({ repo, mode: 'archive', ref: RELEASED_REF, sources: RELEASED });
    await ostree(repo, 'pull-local', archive, REF);
  });
}

function ostree(repo: string, ...words: readonly string[]): Promise<void> {
  return run(['ostree', `--repo=${repo}`, ...words]);
}

type TreeOptions = {
  readonly repo: string;
  readonly mode: 'bare' | 'archive';
  readonly ref: string;
  /** A line of sources.list. */
  readonly sources?: string;
};

async function commitTree({ repo, mode, ref, sources }: TreeOptions): Promise<void> {
  if (process.getuid?.() !== 0) {
    throw new Error(
      `${join(STORAGE, 'repos')} does not exist yet, and creating it needs root (for mmdebstrap) and Debian's package servers`,
    );
  }
  await withScratch(async (scratch) => {
    const tree = join(scratch, 'tree');
    await run(bootstrap(tree, sources));
    await layOut(tree);
    await mkdir(repo, { recursive: true });
    await ostree(repo, 'init', `--mode=${mode}`);
    await ostree(repo, 'commit', `--branch=${ref}`, '--subject=Debian 12', `--tree=dir=${tree}`);
  });
}

function bootstrap(tree: string, sources: string | undefined): Command {
  const words = ['--variant=minbase', `--include=${PACKAGES}`, 'bookworm', tree];
  return ['mmdebstrap', ...words, ...(sources === undefined ? [] : [sources])];
}

async function layOut(tree: string): Promise<void> {
  if (!existsSync(join(tree, 'usr/etc'))) await rename(join(tree, 'etc'), join(tree, 'usr/etc'));
  for (const folder of ['var', 'dev', 'run', 'tmp']) {
    for (const name of await readdir(join(tree, folder))) {
      await rm(join(tree, folder, name), { recursive: true, force: true });
    }
  }
}
