/** Signs the summary that is there, and changes its signatures, under the repository's lock. */
import { withExclusiveLock } from '../native/ostree/detached-metadata.ts';
import type { LibostreeRepo } from '../native/ostree/repository.ts';
import type { MetadataDict } from '../ostree/metadata-dict.ts';
import type { Signer } from '../ostree/sign/signer.ts';
import { changeSignatures, signSummaryFiles } from './sign-files.ts';

/**
 * Adds signatures of the summary and of flatpak's index. The lock is held while they are made, because the
 * files must not change meanwhile. ERR_REPO_READ_ONLY, and the errors of {@link signSummaryFiles}.
 */
export function signStoredSummary(repo: LibostreeRepo, signers: readonly Signer[]): Promise<void> {
  repo.checkWritable();
  return withExclusiveLock(repo, () => signSummaryFiles(repo.path, signers));
}

/** Replaces the signatures of both by what `change` makes of them. */
export function changeSummarySignatures(
  repo: LibostreeRepo,
  change: (metadata: MetadataDict) => MetadataDict,
): Promise<void> {
  repo.checkWritable();
  return withExclusiveLock(repo, () => changeSignatures(repo.path, ({ metadata }) => change(metadata)));
}
