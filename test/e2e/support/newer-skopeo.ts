/**
 * skopeo of Debian 13 in the place of this machine's. It sees the places where tests and treeport put files.
 */
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NAMESPACE, newerDebian } from './newer-debian.ts';
import { environment } from './run.ts';

const SHARED = ['/tmp', '/var/tmp', tmpdir(), '/etc/containers', '/etc/hosts'];

/** Each exec keeps the process, so that its pid is skopeo's. */
const ENTER = `set -e
root=$1; shift
mount -t proc proc "$root/proc"
mount --bind /dev "$root/dev"
for place in ${[...new Set(SHARED)].join(' ')}; do
  [ -e "$place" ] || continue
  if [ -d "$place" ]; then mkdir -p "$root$place"; else mkdir -p "$root/etc"; touch "$root$place"; fi
  mount --bind "$place" "$root$place"
done
exec chroot "$root" /usr/bin/skopeo "$@"`;

/** The PATH that has it first, or why there is none here. `folder` holds the program. */
export async function newerSkopeo(
  folder: string,
): Promise<{ readonly path: string } | { readonly obstacle: string }> {
  const root = await newerDebian();
  if ('obstacle' in root) return root;
  const programs = join(folder, 'newer');
  await mkdir(programs);
  const script = `#!/bin/sh\nexec ${NAMESPACE.join(' ')} sh -c '${ENTER}' sh '${root.path}' "$@"\n`;
  await writeFile(join(programs, 'skopeo'), script);
  await chmod(join(programs, 'skopeo'), 0o755);
  return { path: `${programs}:${environment().PATH}` };
}
