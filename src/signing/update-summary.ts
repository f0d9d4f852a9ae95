/**
 * Makes the summary of a repository anew, and signs it. The order is the one that keeps clients right:
 * commits are signed and deltas made before; then the delta indexes are written, the summary lists the same
 * deltas, its signatures are made, and both files appear together (summary-file.ts). The repository is locked
 * meanwhile.
 *
 * Keys in the former summary that this one does not make, such as flatpak's `xa.*`, are kept. If the
 * repository has flatpak's index, that is made anew with the summary (flatpak-index.ts).
 */
import { isTreeportError, messageOf, TreeportError, type Warn } from '../base/errors.ts';
import { isFileBeneath } from '../base/open-beneath.ts';
import { withExclusiveLock } from '../native/ostree/detached-metadata.ts';
import { reindexDeltas } from '../native/ostree/reindex-deltas.ts';
import type { LibostreeRepo } from '../native/ostree/repository.ts';
import { listDeltas } from '../ostree/delta-list.ts';
import { deltaKey } from '../ostree/delta-name.ts';
import { FLATPAK_INDEX } from '../ostree/flatpak/index-file.ts';
import { appstreamSubset } from '../ostree/flatpak/ref-parts.ts';
import type { MetadataDict } from '../ostree/metadata-dict.ts';
import type { OfferedRefsOptions } from '../ostree/offered-refs.ts';
import type { Repository } from '../ostree/repo/open.ts';
import { addSignatures, type Signer } from '../ostree/sign/signer.ts';
import { parseSummary, serializeSummary } from '../ostree/summary.ts';
import { buildSummary } from '../ostree/summary-build.ts';
import {
  hasFlatpakIndex,
  listFlatpakRefs,
  makeNewIndex,
  removeOldFiles,
  writeIndexedFiles,
} from './flatpak-index.ts';
import { SUMMARY_TO_SIGN } from './sign-files.ts';
import { readSignedSummary, writeSignedFiles } from './summary-file.ts';

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
 * ERR_SUMMARY_SIGNED, ERR_REPO_READ_ONLY, and the errors of the signers: then no summary changes.
 */
export async function updateSummary(
  repo: Repository,
  { writable, signers, dropSignatures = false, warn }: UpdateSummaryOptions,
): Promise<UpdatedSummary> {
  writable.checkWritable();
  return withExclusiveLock(writable, async () => {
    const former = formerSummary(repo.path, warn);
    if (former.isSigned && signers.length === 0 && !dropSignatures) throw signedAlready(repo.path);
    const deltas = await listDeltas(repo.path, {
      onSkipped: (name, error) => warn(`delta ${deltaKey(name)} is not listed: ${error.message}`),
    });
    if (deltas.length > 0) reindexDeltas(writable);
    const listing: OfferedRefsOptions = {
      onSkipped: (ref, _commit, error) => warn(`ref ${ref} is not listed: ${messageOf(error)}`),
      onDamaged: ({ path, why }) => warn(`${path} is not a valid ref and is not listed: ${why}`),
    };
    const refs = hasFlatpakIndex(repo.path) ? await listFlatpakRefs(repo, listing) : undefined;
    // As flatpak: clients that read the summary know no subsets.
    const ofSummary = refs?.filter(({ name }) => appstreamSubset(name) === undefined);
    const built = await buildSummary(repo, {
      ...listing,
      deltas,
      ...(ofSummary === undefined ? {} : { refs: ofSummary }),
    });
    const metadata: MetadataDict = new Map([...built.metadata, ...notMade(former.metadata, built.metadata)]);
    const bytes = serializeSummary({ ...built, metadata });
    const signatures = await addSignatures(new Map(), bytes, { signers, what: SUMMARY_TO_SIGN });
    const summary = { name: 'summary', bytes, signatures } as const;
    if (refs === undefined) {
      await writeSignedFiles(repo.path, [summary]);
    } else {
      const index = await makeNewIndex(repo.path, { refs, metadata, signers });
      await writeIndexedFiles(repo.path, index);
      await writeSignedFiles(repo.path, [index, summary]);
      await removeOldFiles(repo.path, index);
    }
    return { refs: built.refs.length, deltas: deltas.length, signatures: signers.length };
  });
}

type Former = { readonly metadata: MetadataDict; readonly isSigned: boolean };

/** A damaged summary is replaced: it may be the reason for the update. */
function formerSummary(repoPath: string, warn: Warn): Former {
  const isIndexSigned = isFileBeneath(repoPath, `${FLATPAK_INDEX}.sig`, { links: 'inside' });
  try {
    const found = readSignedSummary(repoPath);
    if (found === undefined) return { metadata: new Map(), isSigned: isIndexSigned };
    return {
      metadata: parseSummary(found.bytes).metadata,
      isSigned: isIndexSigned || found.metadata.size > 0,
    };
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

function signedAlready(repoPath: string): TreeportError {
  return new TreeportError(
    'ERR_SUMMARY_SIGNED',
    `the summary of ${repoPath} is signed, and clients may demand that: give a key (--sign, --gpg-sign), or --unsigned to drop the signatures`,
  );
}
