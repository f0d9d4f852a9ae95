/**
 * Labels a root filesystem by its own SELinux policy. The policy's files are copied to a temporary directory,
 * because libselinux reads them by path, and those of a tar archive have none.
 */
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { collect } from '../../base/bytes.ts';
import { withTemporaryDirectory } from '../../base/temporary-directory.ts';
import { SelinuxPolicy } from '../../native/ostree/selinux-policy.ts';
import { labelRoot, policyFiles } from './label-root.ts';
import { piecesOf } from './read-place.ts';
import type { RootDirectory, RootFile } from './root-tree.ts';

/** `auto`: labels by the policy of the tree, if it has one; `keep`: labels as they are. */
export type SelinuxLabels = 'auto' | 'keep';

const ENABLED = /^\s*SELINUX\s*=\s*(?:enforcing|permissive)\b/m;
const MAX_CONFIG_BYTES = 64 * 1024;

/** The tree with new labels, or as it is without an enabled policy. ERR_SELINUX; `where` names the tree. */
export async function withPolicyLabels(root: RootDirectory, where: string): Promise<RootDirectory> {
  const policy = policyFiles(root);
  if (policy === undefined || !(await isEnabled(policy.directory))) return root;
  return withTemporaryDirectory(async (temporary) => {
    await copyFiles(policy.directory, join(temporary, policy.path));
    using loaded = SelinuxPolicy.load(temporary, where);
    return labelRoot(root, (path, mode) => loaded.labelOf(path, mode));
  });
}

async function isEnabled({ entries }: RootDirectory): Promise<boolean> {
  const config = entries.get('config');
  if (config?.kind !== 'file' || config.size > MAX_CONFIG_BYTES) return false;
  return ENABLED.test((await bytesOf(config)).toString('latin1'));
}

async function copyFiles(directory: RootDirectory, target: string): Promise<void> {
  await mkdir(target, { recursive: true });
  for (const [name, node] of directory.entries) {
    const path = join(target, name);
    if (node.kind === 'directory') await copyFiles(node, path);
    else if (node.kind === 'file') await writeFile(path, piecesOf(node.place, 0, node.size));
    else if (!node.target.startsWith('/') && !node.target.includes('..')) await symlink(node.target, path);
  }
}

function bytesOf({ place, size }: RootFile): Promise<Buffer> {
  return collect(piecesOf(place, 0, size));
}
