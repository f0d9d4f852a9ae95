/**
 * Applies a delta to a repository of any mode, archives included, in one transaction: all of it or nothing.
 * As `ostree static-delta apply-offline` it sets no ref.
 */

import type { Warn } from '../../base/errors.ts';
import { landCommit, withTransaction } from '../../container/import/repo-transaction.ts';
import type { Transaction } from '../../native/ostree/transaction.ts';
import { dictView } from '../../ostree/metadata-dict.ts';
import type { Repository } from '../../ostree/repo/open.ts';
import type { MadeObject } from './apply-part.ts';
import { applyParts } from './apply-parts.ts';
import { checkCompleteness } from './completeness.ts';
import { objectsOfBase } from './delta-base.ts';
import type { StaticDelta } from './open-delta.ts';
import { detachedMetadataKey, type PartHeader } from './superblock.ts';
import { checkFallbacks } from './verify-delta.ts';

export type ApplyOptions = {
  /** Called after each part. */
  readonly onPart?: (header: PartHeader) => void;
  readonly warn?: Warn;
};

/**
 * The commit is complete afterwards. ERR_DELTA_BASE, ERR_DELTA_INCOMPLETE, the errors of reading the parts
 * and those of the repository. Signatures of the commit are not verified; see `verifySuperblock` for the
 * delta's.
 */
export async function applyDelta(
  repo: Repository,
  delta: StaticDelta,
  { onPart, warn }: ApplyOptions = {},
): Promise<void> {
  const { parsed, what } = delta;
  await checkFallbacks(delta, repo.objects);
  const base = await objectsOfBase(repo.objects, parsed.from);
  const work = async (transaction: Transaction) => {
    await transaction.metadata('commit', parsed.to, parsed.commit);
    const detached = dictView(parsed.metadata, detachedMetadataKey(parsed), 'a{sv}');
    if (detached !== undefined) await transaction.detachedMetadata(parsed.to, detached.bytes);
    const take = (made: MadeObject) => give(transaction, made);
    await applyParts(delta, { repoPath: repo.path, base, take, onPart });
    await transaction.settle();
    const target = { metadata: async (type: 'dirtree', id: typeof parsed.to) => transaction.load(type, id) };
    await checkCompleteness(parsed, { target, base }, what);
    await landCommit(transaction, parsed.to, [], warn);
  };
  await withTransaction(repo.path, work, { refs: [] });
}

async function give(transaction: Transaction, made: MadeObject): Promise<void> {
  if (await transaction.has(made)) return;
  if (made.type === 'file') await transaction.content(made.checksum, made.content);
  else await transaction.metadata(made.type, made.checksum, made.bytes);
}
