/**
 * Signs the summary of a published repo with the mirror's own keys, when it is finished. A summary that was
 * copied from the publisher keeps the publisher's signatures beside the new ones. Only signatures get into
 * the image, never a key.
 */
import { addSignatures, type Signer } from '../ostree/sign/signer.ts';
import { requireSignedSummary, writeSummarySignatures } from '../signing/summary-file.ts';

/** Rejects with the errors of the signers. */
export async function signPublishedSummary(path: string, signers: readonly Signer[]): Promise<void> {
  if (signers.length === 0) return;
  const { bytes, metadata } = requireSignedSummary(path);
  await writeSummarySignatures(path, await addSignatures(metadata, bytes, { signers, what: 'summary' }));
}
