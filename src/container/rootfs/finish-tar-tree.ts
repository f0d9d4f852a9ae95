/** From a tree that was put together from tar archives to a root filesystem, by the rules of rules.ts. */
import type { RootDirectory, RootNode, RootTree } from './root-tree.ts';
import { type ContentRules, LeftOut, type SpecialFiles } from './rules.ts';
import type { TarDirectory } from './tar-nodes.ts';
import type { TarTree } from './tar-tree.ts';

export type TreeRules = { readonly rules: ContentRules; readonly special: SpecialFiles };

/** ERR_ROOTFS_ENTRY for special files that are refused. */
export function finishTarTree(tree: TarTree, { rules, special }: TreeRules): RootTree {
  const leftOut = new LeftOut();
  const finish = (directory: TarDirectory, path: string): RootDirectory => {
    const entries = new Map<string, RootNode>();
    if (!rules.keepsContent(path)) leftOut.content(path, directory.entries.size);
    else
      for (const [name, node] of directory.entries) {
        const place = path === '' ? name : `${path}/${name}`;
        if (node.kind === 'directory') entries.set(name, finish(node, place));
        else if (node.node.kind === 'special') leftOut.special(place, node.node.special, special);
        else entries.set(name, node.node);
      }
    return { kind: 'directory', ...directory.attributes, entries };
  };
  const root = finish(tree.root, '');
  return { root, changed: tree.changed, notes: leftOut.notes() };
}
