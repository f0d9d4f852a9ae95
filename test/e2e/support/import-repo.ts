/** Repositories that commits are imported into, and how the real ostree sees what has come. */
import { join } from 'node:path';
import { must } from './run.ts';

export type ImportMode = 'bare' | 'archive' | 'bare-user' | 'bare-user-only';

/** An empty repository. */
export async function newRepo(path: string, mode: ImportMode = 'archive'): Promise<string> {
  await must(['ostree', `--repo=${path}`, 'init', `--mode=${mode}`]);
  // Tests may run where the disk is nearly full of other things.
  await must(['ostree', `--repo=${path}`, 'config', 'set', 'core.min-free-space-percent', '0']);
  return path;
}

/** Has ostree check everything that is in the repository. */
export function ostreeFsck(repo: string): Promise<string> {
  return must(['ostree', `--repo=${repo}`, 'fsck', '--quiet', '--all']);
}

/** The tree with owners, modes, attributes and ids. */
export function treeListing(repo: string, commit: string): Promise<string> {
  return must(['ostree', `--repo=${repo}`, 'ls', '-RCX', commit, '/']);
}

/** The GPG signatures in the detached metadata. */
export function signaturesOf(repo: string, commit: string): Promise<string> {
  return must(['ostree', `--repo=${repo}`, 'show', '--print-detached-metadata-key=ostree.gpgsigs', commit]);
}

/** What must not change when an import is refused. Names of objects may be links that lead nowhere. */
export function visibleFolders(repo: string): readonly string[] {
  return [join(repo, 'refs'), join(repo, 'state')];
}
