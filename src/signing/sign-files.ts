/**
 * The summary of a repository and flatpak's index, if there is one, as they are: reading their signatures and
 * adding more. Clients of flatpak verify the index, others the summary, so both have the same signers.
 *
 * The signatures of the index are in two places (index-file.ts). Each file is replaced atomically, the place
 * that is read last, so that a change that was interrupted is found as it was before, and made again.
 */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileAtomic } from '../base/atomic-file.ts';
import { checksumOf } from '../ostree/checksum.ts';
import { FLATPAK_INDEX, indexSignaturePlaces } from '../ostree/flatpak/index-file.ts';
import { type MetadataDict, serializeDict } from '../ostree/metadata-dict.ts';
import type { SignedData } from '../ostree/sign/signed-commit.ts';
import { addSignatures, type Signer } from '../ostree/sign/signer.ts';
import { readSignatures, readSummaryFile, requireSignedSummary, SUMMARY_SIGNATURES } from './summary-file.ts';

/** Names the summary to commands that sign. */
export const SUMMARY_TO_SIGN = 'summary';

/** The summary, and flatpak's index if there is one; ERR_SUMMARY if the summary is missing or one damaged. */
export function readSummaryFiles(repoPath: string): readonly SignedData[] {
  const summary = requireSignedSummary(repoPath);
  const bytes = readSummaryFile(repoPath, FLATPAK_INDEX);
  if (bytes === undefined) return [summary];
  const places = indexSignaturePlaces(checksumOf(bytes));
  const metadata = places
    .map((place) => readSignatures(repoPath, place))
    .find((found) => found !== undefined);
  const name = `flatpak's index ${FLATPAK_INDEX} of ${repoPath}`;
  return [summary, { name, thing: 'summary', file: FLATPAK_INDEX, bytes, metadata: metadata ?? new Map() }];
}

/**
 * Adds signatures; others stay. ERR_SUMMARY, and the errors of the signers: then nothing is written. Without
 * signers nothing is read either.
 */
export async function signSummaryFiles(repoPath: string, signers: readonly Signer[]): Promise<void> {
  if (signers.length === 0) return;
  await changeSignatures(repoPath, ({ metadata, bytes, file = SUMMARY_TO_SIGN }) =>
    addSignatures(metadata, bytes, { signers, what: file }),
  );
}

/** Replaces the signatures of each file by what `change` makes of them. */
export async function changeSignatures(
  repoPath: string,
  change: (signed: SignedData) => MetadataDict | Promise<MetadataDict>,
): Promise<void> {
  const changed: { readonly places: readonly string[]; readonly signatures: MetadataDict }[] = [];
  for (const signed of readSummaryFiles(repoPath))
    changed.push({ places: placesOf(signed), signatures: await change(signed) });
  for (const { places, signatures } of changed)
    for (const place of places.toReversed()) await writeSignatures(join(repoPath, place), signatures);
}

function placesOf({ file, bytes }: SignedData): readonly string[] {
  return file === undefined ? [SUMMARY_SIGNATURES] : indexSignaturePlaces(checksumOf(bytes));
}

/** Removes the file if there are no signatures. */
async function writeSignatures(path: string, signatures: MetadataDict): Promise<void> {
  if (signatures.size === 0) await rm(path, { force: true });
  else await writeFileAtomic(path, serializeDict(signatures));
}
