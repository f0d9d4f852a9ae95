/** Trees with everything that a repository mode can store. */
import type { WritableMode } from '../../src/native/ostree/repository.ts';
import type { TreeDirectory, TreeNode } from '../../src/ostree/commit-tree.ts';
import { hostileTree } from './hostile-commit.ts';

/** cap_net_bind_service as setcap writes it, the only form that the kernel accepts. */
const CAPABILITY = Buffer.from('0100000200040000000000000000000000000000', 'hex');
/** Rejected by file systems: more bytes than an inode's attributes may have, and a malformed capability. */
const ARCHIVE_ONLY = ['attributes', 'capable'];

/** Edge cases of owners, modes, attributes and links, and a file of `size` bytes. */
export function treeOf(mode: WritableMode, size = 1000): TreeDirectory {
  const entries = new Map<string, TreeNode>([
    ['large', { kind: 'file', mode: 0o644, content: Buffer.alloc(size, 'large') }],
    ['script', { kind: 'file', mode: 0o755, content: '#!/bin/sh\n' }],
    ['link', { kind: 'symlink', target: '../..//weird//target' }],
  ]);
  if (mode !== 'bare-user-only') {
    const xattrs = [{ name: Buffer.from('security.capability'), value: CAPABILITY }];
    entries.set('capability', { kind: 'file', mode: 0o755, content: 'capability', xattrs });
    entries.set('hostile', mode === 'archive' ? hostileTree() : onFileSystem(hostileTree()));
  }
  return { kind: 'directory', mode: 0o755, entries };
}

function onFileSystem(tree: TreeDirectory): TreeDirectory {
  const kept = [...tree.entries].filter(([name]) => !ARCHIVE_ONLY.includes(name));
  const entries = kept.map(([name, node]): [string, TreeNode] => [
    name,
    node.kind === 'directory' ? onFileSystem(node) : node,
  ]);
  return { ...tree, entries: new Map(entries) };
}
