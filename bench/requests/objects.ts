/** Lists of objects of the archive repository, as URL paths, by the size of the file that is sent. */
import { opendir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { DebianRepos } from '../debian-tree.ts';

export type Sizes = { readonly atLeast?: number; readonly atMost?: number };

/** Two thirds of all objects. */
export const SMALL: Sizes = { atMost: 4096 };
export const LARGE: Sizes = { atLeast: 1024 * 1024 };

/** Sorted, which is as good as shuffled for names that are checksums. */
export async function objectPaths({ archive }: DebianRepos, sizes: Sizes): Promise<readonly string[]> {
  const { atLeast = 0, atMost = Number.POSITIVE_INFINITY } = sizes;
  const root = join(archive, 'objects');
  const paths: string[] = [];
  for await (const entry of await opendir(root, { recursive: true })) {
    if (!/\.(?:filez|dirtree|dirmeta)$/.test(entry.name)) continue;
    const path = join(entry.parentPath, entry.name);
    const { size } = await stat(path);
    if (size >= atLeast && size <= atMost) paths.push(`/repo/objects${path.slice(root.length)}`);
  }
  return paths.toSorted();
}
