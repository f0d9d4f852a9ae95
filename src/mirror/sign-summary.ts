/**
 * Signs the summary of a published repo with the mirror's own keys, when it is finished, and flatpak's index
 * if there is one. What was copied from the publisher keeps the publisher's signatures beside the new ones.
 * Only signatures get into the image, never a key.
 */
import { join } from 'node:path';
import { writeFileAtomic } from '../base/atomic-file.ts';
import { checksumOf } from '../ostree/checksum.ts';
import { FLATPAK_INDEX, indexSignaturesPath } from '../ostree/flatpak/index-file.ts';
import { parseDict, serializeDict } from '../ostree/metadata-dict.ts';
import { addSignatures, type Signer } from '../ostree/sign/signer.ts';
import { requireSignedSummary, writeSummarySignatures } from '../signing/summary-file.ts';
import { readIfThere } from './copy-file.ts';

/** Rejects with the errors of the signers. */
export async function signPublishedSummary(path: string, signers: readonly Signer[]): Promise<void> {
  if (signers.length === 0) return;
  const { bytes, metadata } = requireSignedSummary(path);
  await writeSummarySignatures(path, await addSignatures(metadata, bytes, { signers, what: 'summary' }));
  await signIndex(path, signers);
}

/** Clients of flatpak look in one of two places, depending on their age. */
async function signIndex(path: string, signers: readonly Signer[]): Promise<void> {
  const bytes = readIfThere(path, FLATPAK_INDEX);
  if (bytes === undefined) return;
  const places = [indexSignaturesPath(checksumOf(bytes)), `${FLATPAK_INDEX}.sig`];
  const present = places.map((place) => readIfThere(path, place)).find((found) => found !== undefined);
  const former = present === undefined ? new Map() : parseDict(present);
  const signed = serializeDict(await addSignatures(former, bytes, { signers, what: FLATPAK_INDEX }));
  for (const place of places) await writeFileAtomic(join(path, place), signed);
}
