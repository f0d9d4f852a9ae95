/**
 * flatpak's index of a repository, made anew when the repository's refs have changed: `summary.idx`, the
 * sub-summaries that it names, deltas to them, and signatures in the two places where clients of different
 * ages look.
 *
 * Clients fetch the index, then its signatures, and then a sub-summary or a delta to it. So sub-summaries,
 * deltas and `summaries/<SHA-256 of the index>.idx.sig` are there before the index. What clients with the
 * former index may still ask for stays until the next update, as with flatpak; older files are removed.
 */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileAtomic } from '../base/atomic-file.ts';
import { listBeneath } from '../base/list-beneath.ts';
import { isFileBeneath } from '../base/open-beneath.ts';
import { checksumOf } from '../ostree/checksum.ts';
import {
  FLATPAK_INDEX,
  FLATPAK_SUB_SUMMARIES,
  indexSignaturesPath,
  subSummaryPath,
} from '../ostree/flatpak/index-file.ts';
import { indexedRefs, makeFlatpakIndex, readableSubs } from '../ostree/flatpak/made-index.ts';
import { withFlatpakEntries } from '../ostree/flatpak/ref-entries.ts';
import { type MetadataDict, serializeDict } from '../ostree/metadata-dict.ts';
import { listOfferedRefs, type OfferedRef, type OfferedRefsOptions } from '../ostree/offered-refs.ts';
import type { Repository } from '../ostree/repo/open.ts';
import { addSignatures, type Signer } from '../ostree/sign/signer.ts';
import { readSummaryFile, type SignedFile } from './summary-file.ts';

export type NewIndex = SignedFile & {
  /** Files to be written before the index, by path in the repository. */
  readonly files: ReadonlyMap<string, Buffer>;
  /** Paths of other files that clients of the new or the former index ask for. */
  readonly kept: ReadonlySet<string>;
  /** Checksums of the former sub-summaries: deltas to them stay. */
  readonly former: readonly string[];
};

export type NewIndexOptions = {
  readonly refs: readonly OfferedRef[];
  /** The metadata of the new summary. */
  readonly metadata: MetadataDict;
  readonly signers: readonly Signer[];
};

const MADE_NAME = /^(?:[0-9a-f]{64}(?:\.gz|\.idx\.sig)|[0-9a-f]{64}-([0-9a-f]{64})\.delta)$/;

export function hasFlatpakIndex(repoPath: string): boolean {
  return isFileBeneath(repoPath, FLATPAK_INDEX, { links: 'inside' });
}

/** The refs of the repository, with what flatpak's summaries say of them. */
export async function listFlatpakRefs(
  repo: Repository,
  options: OfferedRefsOptions,
): Promise<readonly OfferedRef[]> {
  return withFlatpakEntries(await listOfferedRefs(repo, options), {
    objects: repo.objects,
    archive: repo.mode === 'archive' ? repo.path : undefined,
    indexed: indexedRefs((file) => readSummaryFile(repo.path, file)),
  });
}

/** Writes nothing. Rejects with the errors of the signers. */
export async function makeNewIndex(
  repoPath: string,
  { refs, metadata, signers }: NewIndexOptions,
): Promise<NewIndex> {
  const read = (file: string) => readSummaryFile(repoPath, file);
  const { index, subs, files } = makeFlatpakIndex({ refs, metadata, former: read, formerOf: 'repository' });
  const signatures = await addSignatures(new Map(), index, { signers, what: FLATPAK_INDEX });
  const former = readableSubs(read).map(({ checksum }) => checksum);
  const formerIndex = read(FLATPAK_INDEX);
  const kept = [...former, ...subs.flatMap(({ history }) => history)].map(subSummaryPath);
  if (formerIndex !== undefined) kept.push(indexSignaturesPath(checksumOf(formerIndex)));
  const sig = signatures.size === 0 ? [] : [serializeDict(signatures)];
  return {
    ...{ name: FLATPAK_INDEX, bytes: index, signatures },
    files: new Map([
      ...files,
      ...sig.map((bytes) => [indexSignaturesPath(checksumOf(index)), bytes] as const),
    ]),
    kept: new Set(kept),
    former,
  };
}

/** Writes what the index refers to, before the index itself. */
export async function writeIndexedFiles(repoPath: string, { files }: NewIndex): Promise<void> {
  for (const [path, bytes] of files) await writeFileAtomic(join(repoPath, path), bytes);
}

/** Removes the files that neither the new index nor the former one leads to. */
export async function removeOldFiles(repoPath: string, { files, kept, former }: NewIndex): Promise<void> {
  for (const { name } of listBeneath(repoPath, FLATPAK_SUB_SUMMARIES) ?? []) {
    const [path, found] = [`${FLATPAK_SUB_SUMMARIES}/${name}`, MADE_NAME.exec(name)];
    if (found === null || files.has(path) || kept.has(path)) continue;
    if (found[1] === undefined || !former.includes(found[1])) await rm(join(repoPath, path), { force: true });
  }
}
