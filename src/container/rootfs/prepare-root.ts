/** From a root filesystem to its commit: labels, layout, metadata, checksums. */
import type { Signer } from '../../ostree/sign/signer.ts';
import type { HashOptions } from './hash-files.ts';
import { layOut } from './lay-out.ts';
import { commitRoot, type RootCommit } from './root-commit.ts';
import { kernelNotes, rootMetadata } from './root-metadata.ts';
import type { RootTree } from './root-tree.ts';
import { type SelinuxLabels, withPolicyLabels } from './selinux.ts';

export type PrepareRootOptions = HashOptions & {
  /** Names the tree in messages. */
  readonly where: string;
  /** Seconds since 1970. Default: when the root directory was changed last. */
  readonly timestamp?: number | undefined;
  readonly version?: string | undefined;
  /** Default: `auto`. */
  readonly selinux?: SelinuxLabels | undefined;
  readonly signers?: readonly Signer[];
};

export type PreparedRoot = RootCommit & {
  /** What differs from the tree, one line each. */
  readonly notes: readonly string[];
};

/** ERR_ROOTFS, ERR_ROOTFS_CHANGED, ERR_SELINUX, ERR_IO, and the errors of the signers. */
export async function prepareRoot(tree: RootTree, options: PrepareRootOptions): Promise<PreparedRoot> {
  const { where, timestamp = tree.changed, version, selinux, signers = [], ...hashing } = options;
  const labelled = selinux === 'keep' ? tree.root : await withPolicyLabels(tree.root, where);
  const { root, notes } = layOut(labelled, where);
  const metadata = rootMetadata(root, { version });
  const made = await commitRoot(root, { ...hashing, metadata, timestamp, signers });
  return { ...made, notes: [...tree.notes, ...notes, ...kernelNotes(root)] };
}
