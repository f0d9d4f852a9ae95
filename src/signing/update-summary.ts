/**
 * Makes the summary of a repository anew, and signs it. The order is the one that keeps clients right:
 * commits are signed and deltas made before; then the delta indexes are written, the summary lists the same
 * deltas, its signatures are made, and both files appear together (summary-file.ts). The repository is locked
 * meanwhile.
 *
 * Keys in the former summary that this one does not make, such as flatpak's `xa.*`, are kept. A repository
 * with flatpak's index is refused: sub-summaries would have to change with the summary.
 */
import { isTreeportError, messageOf, TreeportError, type Warn } from '../base/errors.ts';
import { isFileBeneath } from '../base/open-beneath.ts';
import { withExclusiveLock } from '../native/ostree/detached-metadata.ts';
import { reindexDeltas } from '../native/ostree/reindex-deltas.ts';
import type { LibostreeRepo } from '../native/ostree/repository.ts';
import { listDeltas } from '../ostree/delta-list.ts';
import { deltaKey } from '../ostree/delta-name.ts';
import { FLATPAK_INDEX } from '../ostree/flatpak/index-file.ts';
import type { MetadataDict } from '../ostree/metadata-dict.ts';
import type { Repository } from '../ostree/repo/open.ts';
import { addSignatures, type Signer } from '../ostree/sign/signer.ts';
import { parseSummary, serializeSummary } from '../ostree/summary.ts';
import { buildSummary } from '../ostree/summary-build.ts';
import { readSignedSummary, writeSignedSummary } from './summary-file.ts';
import { SUMMARY_TO_SIGN } from './summary-signatures.ts';

export type UpdateSummaryOptions = {
  /** The same repository, opened by libostree. */
  readonly writable: LibostreeRepo;
  readonly signers: readonly Signer[];
  /** Allow the new summary to have no signature although the former one has. */
  readonly dropSignatures?: boolean;
  readonly warn: Warn;
};

export type UpdatedSummary = { readonly refs: number; readonly deltas: number; readonly signatures: number };

/**
 * ERR_SUMMARY_SIGNED, ERR_FLATPAK_REPO, ERR_REPO_READ_ONLY, and the errors of the signers: then neither file
 * changes.
 */
export async function updateSummary(
  repo: Repository,
  { writable, signers, dropSignatures = false, warn }: UpdateSummaryOptions,
): Promise<UpdatedSummary> {
  writable.checkWritable();
  refuseFlatpak(repo.path);
  return withExclusiveLock(writable, async () => {
    const former = formerSummary(repo.path, warn);
    if (former.isSigned && signers.length === 0 && !dropSignatures) throw signedAlready(repo.path);
    const deltas = await listDeltas(repo.path, {
      onSkipped: (name, error) => warn(`delta ${deltaKey(name)} is not listed: ${error.message}`),
    });
    if (deltas.length > 0) reindexDeltas(writable);
    const built = await buildSummary(repo, {
      deltas,
      onSkipped: (ref, _commit, error) => warn(`ref ${ref} is not listed: ${messageOf(error)}`),
      onDamaged: ({ path, why }) => warn(`${path} is not a valid ref and is not listed: ${why}`),
    });
    const metadata: MetadataDict = new Map([...built.metadata, ...notMade(former.metadata, built.metadata)]);
    const bytes = serializeSummary({ ...built, metadata });
    const signatures = await addSignatures(new Map(), bytes, { signers, what: SUMMARY_TO_SIGN });
    await writeSignedSummary(repo.path, { bytes, signatures });
    return { refs: built.refs.length, deltas: deltas.length, signatures: signers.length };
  });
}

type Former = { readonly metadata: MetadataDict; readonly isSigned: boolean };

/** A damaged summary is replaced: it may be the reason for the update. */
function formerSummary(repoPath: string, warn: Warn): Former {
  try {
    const found = readSignedSummary(repoPath);
    if (found === undefined) return { metadata: new Map(), isSigned: false };
    return { metadata: parseSummary(found.bytes).metadata, isSigned: found.metadata.size > 0 };
  } catch (error) {
    if (!isTreeportError(error)) throw error;
    warn(`the former summary is replaced without a look at it: ${error.message}`);
    return { metadata: new Map(), isSigned: isFileBeneath(repoPath, 'summary.sig', { links: 'inside' }) };
  }
}

/** The former keys that are not libostree's and not in the new summary. */
function notMade(former: MetadataDict, made: MetadataDict): MetadataDict {
  return new Map([...former].filter(([key]) => !key.startsWith('ostree.') && !made.has(key)));
}

function refuseFlatpak(repoPath: string): void {
  if (!isFileBeneath(repoPath, FLATPAK_INDEX, { links: 'inside' })) return;
  throw new TreeportError(
    'ERR_FLATPAK_REPO',
    `${repoPath} has flatpak's index of summaries (${FLATPAK_INDEX}), which must change together with the summary: use flatpak build-update-repo --gpg-sign=KEY ${repoPath}`,
  );
}

function signedAlready(repoPath: string): TreeportError {
  return new TreeportError(
    'ERR_SUMMARY_SIGNED',
    `the summary of ${repoPath} is signed, and clients may demand that: give a key (--sign, --gpg-sign), or --unsigned to drop the signatures`,
  );
}
