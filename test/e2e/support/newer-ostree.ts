/**
 * ostree of Debian 13, beside this machine's, because clients before and after 2023.7 treat static deltas
 * differently.
 */
import { NAMESPACE, newerDebian } from './newer-debian.ts';
import { must } from './run.ts';

export type NewerOstree = {
  /** Runs `ostree` with these words; it sees `folder` under its own path. Returns what it prints. */
  readonly ostree: (folder: string, words: readonly string[]) => Promise<string>;
};

const ENTER = `set -e
root=$1; folder=$2; shift 2
mount -t proc proc "$root/proc"
mount --bind /dev "$root/dev"
mkdir -p "$root$folder"
mount --bind "$folder" "$root$folder"
exec env -i PATH=/usr/sbin:/usr/bin LC_ALL=C.UTF-8 HOME=/ chroot "$root" /usr/bin/ostree "$@"`;

/** The other ostree, or why there is none here. */
export async function newerOstree(): Promise<NewerOstree | { readonly obstacle: string }> {
  const root = await newerDebian();
  if ('obstacle' in root) return root;
  return {
    ostree: (folder, words) => must([...NAMESPACE, 'sh', '-c', ENTER, 'sh', root.path, folder, ...words]),
  };
}
