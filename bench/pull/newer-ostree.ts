/**
 * ostree of Debian 13 in a root file system that TREEPORT_TRIXIE_ROOT names, because this machine's may be
 * from before 2023.7, and those are not offered virtual deltas. Make such a root with
 * `mmdebstrap --variant=minbase --include=ostree trixie DIRECTORY`.
 */

import type { Command } from '../command.ts';

const ENTER = `set -e
root=$1; folder=$2; shift 2
mount -t proc proc "$root/proc"
mkdir -p "$root$folder"
mount --bind "$folder" "$root$folder"
exec chroot "$root" /usr/bin/ostree "$@"`;

/** The words that run it, seeing `folder` under its own path; undefined without such a root. */
export function newerOstree(folder: string): Command | undefined {
  const root = process.env.TREEPORT_TRIXIE_ROOT;
  if (root === undefined) return undefined;
  return ['unshare', '--mount', '--propagation', 'private', 'sh', '-c', ENTER, 'sh', root, folder];
}

export function hasNewerOstree(): boolean {
  return process.env.TREEPORT_TRIXIE_ROOT !== undefined;
}
