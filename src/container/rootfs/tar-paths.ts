/**
 * Paths of tar entries in a tree under construction. Links in parents are followed within the root, as by a
 * runtime that unpacks into a root of its own: `..` above the root stays there.
 */
import { checkTarText, refusedEntry, type TarDirectory, type TarNode } from './tar-nodes.ts';

const MAX_LINKS = 40;
/** As deep as a path can be that Linux opens. */
const MAX_DEPTH = 2048;

/** The components of a path; none for the root. ERR_ROOTFS_ENTRY if it leaves the root. */
export function namesIn(path: string): readonly string[] {
  checkTarText(path, path);
  const names = path.split('/').filter((name) => name !== '' && name !== '.');
  if (names.includes('..')) throw refusedEntry(path, 'its name leads out of its directory');
  return names;
}

/** The directory that is to have the last of the names; missing ones are made with `make`. */
export function parentOf(
  root: TarDirectory,
  names: readonly string[],
  make: () => TarDirectory,
): TarDirectory {
  return resolve(root, names.slice(0, -1), names.join('/'), make) as TarDirectory;
}

/** What is at `path`, itself; undefined if nothing is. */
export function findNode(root: TarDirectory, path: string): TarNode | undefined {
  const names = namesIn(path);
  const name = names.at(-1);
  if (name === undefined) return root;
  return resolve(root, names.slice(0, -1), path, undefined)?.entries.get(name);
}

function resolve(
  root: TarDirectory,
  names: readonly string[],
  path: string,
  make: (() => TarDirectory) | undefined,
): TarDirectory | undefined {
  let links = 0;
  let open = [root];
  const pending = names.toReversed();
  for (let name = pending.pop(); name !== undefined; name = pending.pop()) {
    if (name === '' || name === '.') continue;
    if (name === '..') {
      if (open.length > 1) open.pop();
      continue;
    }
    const { entries } = open.at(-1) as TarDirectory;
    const node = entries.get(name) ?? make?.();
    if (node === undefined) return undefined;
    if (node.kind === 'directory') {
      entries.set(name, node);
      open.push(node);
      if (open.length > MAX_DEPTH) throw refusedEntry(path.slice(0, 200), 'it is too deep');
      continue;
    }
    if (node.node.kind !== 'symlink') throw refusedEntry(path, `its parent ${name} is not a directory`);
    links += 1;
    if (links > MAX_LINKS) throw refusedEntry(path, 'the links in its parents go in a circle');
    if (node.node.target.startsWith('/')) open = [root];
    pending.push(...node.node.target.split('/').toReversed());
  }
  return open.at(-1);
}
