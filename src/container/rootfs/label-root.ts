/**
 * Gives the files of a root filesystem the SELinux labels of its own policy, as rpm-ostree does: a tree that
 * a container build made has none, or those of containers, and a system with enforcing policy would not boot
 * from it. Files for which the policy has no label keep theirs.
 *
 * `/usr/etc` is labelled as the `/etc` that it becomes.
 */
import { nodeAt, type RootAttributes, type RootDirectory, type RootNode } from './root-tree.ts';

/** The label of a file with this mode at an absolute path. */
export type LabelOf = (path: string, mode: number) => string | undefined;

const SELINUX = Buffer.from('security.selinux');
const USR_ETC = /^\/usr(?=\/etc(?:\/|$))/;

export function labelRoot(root: RootDirectory, labelOf: LabelOf): RootDirectory {
  // Names of one file that have the same label stay one file.
  const linked = new Map<RootNode, Map<string, RootNode>>();
  const label = (node: RootNode, path: string): RootNode => {
    const found = labelOf(path.replace(USR_ETC, ''), node.mode);
    if (node.kind === 'directory')
      return { ...node, ...labelled(node, found), entries: entriesOf(node, path) };
    if (found === undefined) return node;
    const known = linked.get(node) ?? new Map<string, RootNode>();
    const same = known.get(found) ?? { ...node, ...labelled(node, found) };
    linked.set(node, known.set(found, same));
    return same;
  };
  const entriesOf = (directory: RootDirectory, path: string): ReadonlyMap<string, RootNode> => {
    const prefix = path === '/' ? path : `${path}/`;
    return new Map([...directory.entries].map(([name, node]) => [name, label(node, prefix + name)]));
  };
  return label(root, '/') as RootDirectory;
}

function labelled({ xattrs }: RootAttributes, label: string | undefined): Pick<RootAttributes, 'xattrs'> {
  if (label === undefined) return { xattrs };
  const others = xattrs.filter(({ name }) => !name.equals(SELINUX));
  return { xattrs: [...others, { name: SELINUX, value: Buffer.from(`${label}\0`) }] };
}

/** Where systems have their policy. */
const PLACES = ['etc/selinux', 'usr/etc/selinux'] as const;

export type PolicyFiles = { readonly path: string; readonly directory: RootDirectory };

/** The directory with the policy and its configuration; undefined if the tree has none. */
export function policyFiles(root: RootDirectory): PolicyFiles | undefined {
  for (const path of PLACES) {
    const directory = nodeAt(root, path);
    if (directory?.kind === 'directory' && directory.entries.has('config')) return { path, directory };
  }
  return undefined;
}
