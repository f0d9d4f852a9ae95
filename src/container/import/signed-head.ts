/** The commit of an import with its detached metadata: where it comes from a repository, and what it has to prove. */
import type { Checksum } from '../../ostree/checksum.ts';
import { verifiedMetadata } from '../../ostree/load.ts';
import type { ObjectSource } from '../../ostree/object-source.ts';
import type { CommitHead } from '../../tar/import-commit.ts';
import { type VerifiedSignature, verifyCommitSignatures } from './verify-signatures.ts';

/** Reads it from objects that lie in a repository; ERR_OBJECT_MISSING, ERR_OBJECT_CORRUPT. */
export async function loadCommitHead(source: ObjectSource, commit: Checksum): Promise<CommitHead> {
  const hasDetached = await source.has({ type: 'commitmeta', checksum: commit });
  return {
    commit,
    bytes: await verifiedMetadata(source, 'commit', commit),
    detached: hasDetached ? await source.metadata('commitmeta', commit) : undefined,
  };
}

/** Its valid signatures by a remote of the repository at `repo`; none where no remote is named, which demands nothing. */
export async function verifyCommitHead(
  { commit, bytes, detached }: CommitHead,
  { repo, remote }: { readonly repo: string; readonly remote: string | undefined },
): Promise<readonly VerifiedSignature[]> {
  if (remote === undefined) return [];
  return verifyCommitSignatures({ repo, remote, commit, commitBytes: bytes, detachedMetadata: detached });
}
