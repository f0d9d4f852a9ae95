/** Finds paths in the tree of a commit. */
import { TreeportError } from '../base/errors.ts';
import type { Checksum } from './checksum.ts';
import { loadDirtree } from './load.ts';
import type { ObjectSource } from './object-source.ts';
import type { TreeRoot } from './tree-roots.ts';

export type Found =
  | ({ readonly kind: 'directory'; readonly path: string } & TreeRoot)
  | { readonly kind: 'file'; readonly path: string; readonly checksum: Checksum };

/** Finds `path` below `root`; ERR_PATH_MISSING if it does not exist. Does not follow symlinks. */
export async function lookUp(source: ObjectSource, root: TreeRoot, path: string): Promise<Found> {
  const names = path.split('/').filter((name) => name !== '' && name !== '.');
  let current: Found = { kind: 'directory', path: '/', tree: root.tree, meta: root.meta };
  for (const name of names) {
    if (current.kind === 'file') throw missing(path, `${current.path} is not a directory`);
    current = await child(source, current, name, path);
  }
  return current;
}

async function child(
  source: ObjectSource,
  parent: Found & TreeRoot,
  name: string,
  path: string,
): Promise<Found> {
  const entries = await loadDirtree(source, parent.tree);
  const childPath = parent.path === '/' ? `/${name}` : `${parent.path}/${name}`;
  const file = entries.files.find((entry) => entry.name === name);
  if (file !== undefined) return { kind: 'file', path: childPath, checksum: file.checksum };
  const directory = entries.directories.find((entry) => entry.name === name);
  if (directory !== undefined)
    return { kind: 'directory', path: childPath, tree: directory.tree, meta: directory.meta };
  throw missing(path, `${parent.path} has no entry ${JSON.stringify(name)}`);
}

function missing(path: string, why: string): TreeportError {
  return new TreeportError('ERR_PATH_MISSING', `no ${path} in the commit: ${why}`);
}
