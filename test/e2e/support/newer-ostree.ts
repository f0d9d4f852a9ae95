/**
 * ostree of Debian 13, beside this machine's, because clients before and after 2023.7 treat static deltas
 * differently. It runs with chroot in a root file system that mmdebstrap extracts once per run of the tests
 * (half a minute; TREEPORT_TRIXIE_ROOT names one that is there already).
 */
import { existsSync } from 'node:fs';
import { mkdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { aptOptions, debianMirror } from '../../../scripts/apt-settings.ts';
import { unlessInstalled, unlessRoot } from '../../support/programs.ts';
import { must, run } from './run.ts';
import { shared } from './scratch.ts';

export type NewerOstree = {
  /** Runs `ostree` with these words; it sees `folder` under its own path. Returns what it prints. */
  readonly ostree: (folder: string, words: readonly string[]) => Promise<string>;
};

type Root = { readonly path: string } | { readonly obstacle: string };

const SUITE = 'trixie';
const BUILD_TIMEOUT = 200_000;
const MERGED = ['bin', 'sbin', 'lib', 'lib64'];
const NAMESPACE = ['unshare', '--mount', '--propagation', 'private'];
const ENTER = `set -e
root=$1; folder=$2; shift 2
mount -t proc proc "$root/proc"
mount --bind /dev "$root/dev"
mkdir -p "$root$folder"
mount --bind "$folder" "$root$folder"
exec env -i PATH=/usr/sbin:/usr/bin LC_ALL=C.UTF-8 HOME=/ chroot "$root" /usr/bin/ostree "$@"`;

/** The other ostree, or why there is none here. */
export async function newerOstree(): Promise<NewerOstree | { readonly obstacle: string }> {
  const missing = unlessRoot() || unlessInstalled('mmdebstrap', 'unshare');
  if (missing !== false) return { obstacle: missing };
  const given = process.env.TREEPORT_TRIXIE_ROOT;
  const root = given === undefined ? await shared<Root>('trixie', extract) : { path: given };
  if ('obstacle' in root) return root;
  return {
    ostree: (folder, words) => must([...NAMESPACE, 'sh', '-c', ENTER, 'sh', root.path, folder, ...words]),
  };
}

/** Packages are extracted and not configured, because nothing of them but programs and libraries is used. */
async function extract(folder: string): Promise<Root> {
  const path = join(folder, 'root');
  const words = ['--quiet', '--variant=extract', '--include=ostree', ...aptOptions(), SUITE, path];
  const made = await run([...NAMESPACE, 'mmdebstrap', ...words, ...debianMirror()], {
    timeout: BUILD_TIMEOUT,
  });
  if (made.status !== 0) {
    const reason = made.stderr.trim().split('\n').at(-1) ?? '';
    return { obstacle: `mmdebstrap cannot make a ${SUITE} system here: ${reason}` };
  }
  for (const name of MERGED)
    if (!existsSync(join(path, name))) await symlink(`usr/${name}`, join(path, name));
  await mkdir(join(path, 'proc'), { recursive: true });
  return { path };
}
