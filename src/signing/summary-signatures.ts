/** Signs the summary that is there, and changes its signatures, under the repository's lock. */
import { withExclusiveLock } from '../native/ostree/detached-metadata.ts';
import type { LibostreeRepo } from '../native/ostree/repository.ts';
import type { MetadataDict } from '../ostree/metadata-dict.ts';
import { addSignatures, type Signer } from '../ostree/sign/signer.ts';
import { requireSignedSummary, writeSummarySignatures } from './summary-file.ts';

/** Names the summary to commands that sign. */
export const SUMMARY_TO_SIGN = 'summary';

/**
 * Adds signatures of the summary; other signatures of it stay. The lock is held while they are made, because
 * the summary must not change meanwhile. ERR_SUMMARY, ERR_REPO_READ_ONLY, and the errors of the signers: then
 * nothing is written.
 */
export function signStoredSummary(repo: LibostreeRepo, signers: readonly Signer[]): Promise<void> {
  repo.checkWritable();
  return withExclusiveLock(repo, async () => {
    const { bytes, metadata } = requireSignedSummary(repo.path);
    const signatures = await addSignatures(metadata, bytes, { signers, what: SUMMARY_TO_SIGN });
    await writeSummarySignatures(repo.path, signatures);
  });
}

/** Replaces the signatures of the summary by what `change` makes of them. */
export function changeSummarySignatures(
  repo: LibostreeRepo,
  change: (metadata: MetadataDict) => MetadataDict,
): Promise<void> {
  repo.checkWritable();
  return withExclusiveLock(repo, async () =>
    writeSummarySignatures(repo.path, change(requireSignedSummary(repo.path).metadata)),
  );
}
