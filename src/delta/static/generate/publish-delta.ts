/**
 * Publishes a delta that was generated, in place of one with the same name. A client that has the old
 * superblock fetches its parts from the same URLs and fails if they have changed, so an old delta with other
 * parts is only replaced on demand. Other publishers wait meanwhile.
 */
import { TreeportError } from '../../../base/errors.ts';
import { deltaNames } from '../../../ostree/delta-list.ts';
import { type DeltaName, deltaDirectory, deltaKey } from '../../../ostree/delta-name.ts';
import type { Repository } from '../../../ostree/repo/open.ts';
import { loadCommit } from '../../../ostree/revision.ts';
import { type AnnouncedSummary, announceDeltas, signedDeltas } from '../announce-deltas.ts';
import { DEFAULT_GRACE, placeDelta, putDelta, removeOldParts, withdrawDelta } from '../delta-files.ts';
import { withPublishLock } from '../publish-lock.ts';
import { readSuperblockFile } from '../stored-superblock.ts';

export type PublishDeltaOptions = {
  readonly name: DeltaName;
  readonly superblock: Buffer;
  /** The directory that has it and the parts, on the file system of the repository. */
  readonly made: string;
  /** Replaces parts that clients may be fetching. */
  readonly replace: boolean;
  /** The caller makes and signs the summary afterwards. */
  readonly signsSummary: boolean;
};

/** ERR_DELTA_EXISTS, ERR_DELTA_BUSY, ERR_COMMIT_MISSING; nothing has changed then. */
export function publishDelta(repo: Repository, options: PublishDeltaOptions): Promise<AnnouncedSummary> {
  return withPublishLock(repo, () => publish(repo, options));
}

async function publish(repo: Repository, options: PublishDeltaOptions): Promise<AnnouncedSummary> {
  const { name, superblock, made, replace, signsSummary } = options;
  const key = deltaKey(name);
  // The commit may have been pruned while the delta was made.
  await loadCommit(repo, name.to);
  const present = readSuperblockFile(repo, name);
  const isChange = present !== undefined && !present.equals(superblock);
  // Clients take a superblock with another checksum than the summary says for an attack.
  if (isChange && !signsSummary && signedDeltas(repo).has(key))
    throw exists(
      key,
      'the signed summary lists it as it is; give --keys-file to sign the summary again, or remove the delta and sign the summary first',
    );
  const period = { grace: replace ? Number.NEGATIVE_INFINITY : DEFAULT_GRACE, now: Date.now() };
  const own = [...deltaNames(repo.path)].filter((other) => deltaKey(other) === key);
  await removeOldParts(repo.path, period, own);
  // A superblock that changes is not listed meanwhile.
  if (isChange && replace) {
    await announceDeltas(repo, new Set([key]));
    await withdrawDelta(repo.path, name);
  }
  const placement = await placeDelta(repo.path, name, made, period);
  if (placement === undefined)
    throw exists(
      key,
      `clients may be fetching its parts in ${deltaDirectory(name)}, and the new ones differ; give --replace to replace them now: clients that have begun will fail and must pull again`,
    );
  if (isChange && !replace) await announceDeltas(repo, new Set([key]));
  await putDelta(placement);
  return announceDeltas(repo);
}

function exists(key: string, why: string): TreeportError {
  return new TreeportError('ERR_DELTA_EXISTS', `delta ${key} was not replaced: ${why}`);
}
