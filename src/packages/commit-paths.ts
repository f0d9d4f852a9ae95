/**
 * Where a commit has the paths that packages list. Symlinks to directories are followed (`/lib64/x` is
 * `/usr/lib64/x`), and what builders of ostree systems move is found at its new place:
 *
 * | listed | in the commit |
 * |---|---|
 * | /etc | /usr/etc |
 * | /opt | /usr/lib/opt |
 * | /var | /usr/share/factory/var |
 * | /boot/vmlinuz-K, config-K, System.map-K | /usr/lib/modules/K/vmlinuz, config, System.map |
 * | /boot/NAME | /boot or /usr/lib/ostree-boot, as NAME or NAME-CHECKSUM |
 */
import type { CommitFiles, FoundFile } from './commit-files.ts';

/** The kernel's limit for a path. Longer ones are in no system. */
const MAX_PATH = 4096;

const MOVED: readonly (readonly [from: string, to: string])[] = [
  ['/etc/', '/usr/etc/'],
  ['/opt/', '/usr/lib/opt/'],
  ['/var/', '/usr/share/factory/var/'],
];
const BOOT = '/boot/';
const OSTREE_BOOT = '/usr/lib/ostree-boot';

/** The file or symlink that a package lists as `path`; undefined for directories and what is not there. */
export async function locate(files: CommitFiles, path: string): Promise<FoundFile | undefined> {
  if (!path.startsWith('/') || path.length > MAX_PATH) return undefined;
  const found = await files.find(path);
  if (found !== undefined) return found;
  for (const [from, to] of MOVED) {
    if (path.startsWith(from)) return files.find(to + path.slice(from.length));
  }
  return path.startsWith(BOOT) ? locateBoot(files, path.slice(BOOT.length)) : undefined;
}

async function locateBoot(files: CommitFiles, name: string): Promise<FoundFile | undefined> {
  const [, file, version] = /^(vmlinuz|config|System\.map)-(.+)$/.exec(name) ?? [];
  const module = file === undefined ? undefined : await files.find(`/usr/lib/modules/${version}/${file}`);
  if (module !== undefined) return module;
  for (const place of ['/boot', OSTREE_BOOT]) {
    const directory = await files.directory(place);
    for (const [entry, found] of directory?.files ?? [])
      if (entry.startsWith(name) && /^(?:-[0-9a-f]{64})?$/.test(entry.slice(name.length))) return found;
  }
  return undefined;
}
