/**
 * The signatures of commits in a repository: added, listed and deleted. They are in the detached metadata,
 * which libostree writes, so that they look as if libostree had made them.
 *
 * New signatures are made before the repository is locked, because a person or a token may be slow; then the
 * metadata is read again, so that signatures that another program added meanwhile stay.
 */
import { isTreeportError, TreeportError } from '../base/errors.ts';
import { withExclusiveLock, writeDetachedMetadata } from '../native/ostree/detached-metadata.ts';
import { loadMetadata } from '../native/ostree/metadata.ts';
import type { LibostreeRepo } from '../native/ostree/repository.ts';
import { type Checksum, checksumOf } from '../ostree/checksum.ts';
import { type MetadataDict, parseDict, serializeDict } from '../ostree/metadata-dict.ts';
import { wrongChecksum } from '../ostree/object-fault.ts';
import { mergeDetached } from '../ostree/sign/merge-detached.ts';
import { addSignatures, type Signer } from '../ostree/sign/signer.ts';

/**
 * Adds signatures of the commit; those that it has already are not added again. ERR_COMMIT_MISSING,
 * ERR_OBJECT_CORRUPT, ERR_REPO_READ_ONLY, and the errors of the signers: then nothing is written.
 */
export async function signStoredCommit(
  repo: LibostreeRepo,
  commit: Checksum,
  signers: readonly Signer[],
): Promise<void> {
  repo.checkWritable();
  const bytes = commitBytes(repo, commit);
  const before = storedDetached(repo, commit);
  const signed = await addSignatures(before, bytes, { signers, what: `commit ${commit}` });
  await changeDetached(repo, commit, (now) =>
    parseDict(mergeDetached(serializeDict(now), serializeDict(signed))),
  );
}

/** Replaces the detached metadata by what `change` makes of it, under the repository's lock. */
export function changeDetached(
  repo: LibostreeRepo,
  commit: Checksum,
  change: (metadata: MetadataDict) => MetadataDict,
): Promise<void> {
  repo.checkWritable();
  return withExclusiveLock(repo, async () => {
    const changed = change(storedDetached(repo, commit));
    writeDetachedMetadata(repo.pointer, commit, changed.size === 0 ? undefined : serializeDict(changed));
  });
}

/** Verified, because a signature would make a damaged commit look sound. */
function commitBytes(repo: LibostreeRepo, commit: Checksum): Buffer {
  const bytes = orMissing(commit, () => loadMetadata(repo.pointer, 'commit', commit));
  const actual = checksumOf(bytes);
  if (actual === commit) return bytes;
  throw wrongChecksum(`${commit}.commit`, actual);
}

function storedDetached(repo: LibostreeRepo, commit: Checksum): MetadataDict {
  try {
    return parseDict(loadMetadata(repo.pointer, 'commitmeta', commit));
  } catch (error) {
    if (isTreeportError(error, 'ERR_OBJECT_MISSING')) return new Map();
    throw error;
  }
}

function orMissing<T>(commit: Checksum, load: () => T): T {
  try {
    return load();
  } catch (error) {
    if (!isTreeportError(error, 'ERR_OBJECT_MISSING')) throw error;
    throw new TreeportError('ERR_COMMIT_MISSING', `commit ${commit} is not in this repository`, {
      cause: error,
    });
  }
}
