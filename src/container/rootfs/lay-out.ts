/**
 * Gives a root filesystem the layout of a commit: `/etc` becomes `/usr/etc`, which a deployment merges into
 * its own `/etc`, and the root directory belongs to root.
 */
import { TreeportError } from '../../base/errors.ts';
import { nodeAt, type RootDirectory, withEntries } from './root-tree.ts';

/** Reading and entering for everybody, as the root directory of a system has it. */
const ENTER = 0o055;
const ROOT_PERMISSIONS = 0o755;

export type LaidOut = { readonly root: RootDirectory; readonly notes: readonly string[] };

/** ERR_ROOTFS if the tree has no `/usr`, or both `/etc` and `/usr/etc`. `where` names it. */
export function layOut(tree: RootDirectory, where: string): LaidOut {
  const { root, notes } = withRootsOwner(tree);
  const usr = root.entries.get('usr');
  if (usr?.kind !== 'directory') {
    const found = usr === undefined ? 'it has no directory /usr' : `its /usr is a ${usr.kind}`;
    const names = [...root.entries.keys()].slice(0, 8).join(', ') || 'nothing';
    throw new TreeportError(
      'ERR_ROOTFS',
      `${where} is not the root filesystem of an OS: ${found} (it has ${names})`,
    );
  }
  const etc = root.entries.get('etc');
  if (etc === undefined) return { root, notes };
  if (etc.kind !== 'directory')
    throw new TreeportError('ERR_ROOTFS', `${where} has an /etc that is a ${etc.kind}, not a directory`);
  if (nodeAt(usr, 'etc') !== undefined)
    throw new TreeportError(
      'ERR_ROOTFS',
      `${where} has both /etc and /usr/etc, which are one directory in a commit; merge them and remove one`,
    );
  return { root: withEntries(root, { etc: undefined, usr: withEntries(usr, { etc }) }), notes };
}

function withRootsOwner(root: RootDirectory): LaidOut {
  const isOpen = (root.mode & ENTER) === ENTER;
  const mode = isOpen ? root.mode : (root.mode & ~0o7777) | ROOT_PERMISSIONS;
  const octal = (root.mode & 0o7777).toString(8).padStart(4, '0');
  return {
    root: { ...root, uid: 0, gid: 0, mode },
    notes: isOpen ? [] : [`the root directory has the mode 0755 in the commit, not ${octal}`],
  };
}
