/**
 * Paths in the ostree tar formats. Every stream carries a repository of mode
 * bare-split-xattrs at `sysroot/ostree/repo`; paths do not start with `./` or `/`, because importers would
 * not recognise them. Beside it is the tree itself, as hard links to the objects.
 */
import type { Checksum } from '../ostree/checksum.ts';
import { loosePath } from '../ostree/object-name.ts';

export const REPO_PATH = 'sysroot/ostree/repo';

export const REPO_CONFIG = '[core]\nrepo_version=1\nmode=bare-split-xattrs\n';

/** Path of an object's entry. */
export function objectPath(checksum: Checksum, extension: string): string {
  return `${REPO_PATH}/${loosePath(checksum, extension)}`;
}

/** All directories of the repository, in the order in which they are written. */
export function repoDirectories(): readonly string[] {
  const fans = Array.from({ length: 256 }, (_, fan) => `objects/${fan.toString(16).padStart(2, '0')}`);
  const rest = [
    'extensions',
    'refs',
    'refs/heads',
    'refs/mirrors',
    'refs/remotes',
    'state',
    'tmp',
    'tmp/cache',
  ];
  const below = ['objects', ...fans, ...rest].map((path) => `${REPO_PATH}/${path}`);
  return ['sysroot', 'sysroot/ostree', REPO_PATH, ...below];
}

/** Maps a commit's path (no leading `/`) to a container's: `usr/etc` becomes `etc`. */
export function containerPath(path: string): string {
  return path === 'usr/etc' || path.startsWith('usr/etc/') ? path.slice('usr/'.length) : path;
}

/**
 * True for a commit's own `sysroot`: the repository is there, so the tree has no paths there. Its objects are
 * still written.
 */
export function isHidden(path: string): boolean {
  return path === 'sysroot' || path.startsWith('sysroot/');
}
