/**
 * Programs of Debian 13, beside this machine's, because clients of several generations differ. They run with
 * chroot in a root file system that mmdebstrap extracts once per run of the tests (half a minute;
 * TREEPORT_TRIXIE_ROOT names one that is there already).
 */
import { existsSync } from 'node:fs';
import { mkdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { aptOptions, debianMirror } from '../../../scripts/apt-settings.ts';
import { unlessInstalled, unlessRoot } from '../../support/programs.ts';
import { run } from './run.ts';
import { shared } from './scratch.ts';

export type NewerDebian = { readonly path: string } | { readonly obstacle: string };

const SUITE = 'trixie';
const PROGRAMS = 'ostree,skopeo';
const BUILD_TIMEOUT = 200_000;
const MERGED = ['bin', 'sbin', 'lib', 'lib64'];
/** Before a program that mounts. */
export const NAMESPACE: readonly string[] = ['unshare', '--mount', '--propagation', 'private'];

/** The root file system, or why there is none here. */
export async function newerDebian(): Promise<NewerDebian> {
  const missing = unlessRoot() || unlessInstalled('mmdebstrap', 'unshare');
  if (missing !== false) return { obstacle: missing };
  const given = process.env.TREEPORT_TRIXIE_ROOT;
  return given === undefined ? shared<NewerDebian>('trixie', extract) : { path: given };
}

/** Packages are extracted and not configured, because nothing of them but programs and libraries is used. */
async function extract(folder: string): Promise<NewerDebian> {
  const path = join(folder, 'root');
  const words = ['--quiet', '--variant=extract', `--include=${PROGRAMS}`, ...aptOptions(), SUITE, path];
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
