/**
 * Transactions in which commits arrive, and the order in which they become visible, so that the process may be killed
 * at any moment: objects first, their commit marked partial until all are in place, then the mark goes, then the refs come.
 */
import { LibostreeRepo } from '../libostree/repository.ts';
import type { Transaction } from '../libostree/transaction.ts';
import type { Checksum } from '../ostree/checksum.ts';

export type RepoTransaction = {
  readonly repo: LibostreeRepo;
  readonly transaction: Transaction;
};

/** Runs `work` with a transaction on the repository at `path`, which is aborted if that throws. */
export function withTransaction<Value>(
  path: string,
  work: (opened: RepoTransaction) => Promise<Value>,
): Promise<Value> {
  return withRepo(path, async (repo) => {
    const transaction = await repo.startTransaction();
    try {
      return await work({ repo, transaction });
    } catch (error) {
      await transaction.abort();
      throw error;
    }
  });
}

/** Makes what was written visible, and puts the refs on `commit`, which is complete by it. */
export async function landCommit(
  { repo, transaction }: RepoTransaction,
  commit: Checksum,
  refs: readonly string[],
): Promise<void> {
  // Not the transaction's own refs: those would come before the mark goes.
  await transaction.commit();
  for (const ref of refs) repo.setRef(ref, commit);
}

/** Puts refs on a commit that is there. */
export function putRefs(path: string, commit: Checksum, refs: readonly string[]): Promise<void> {
  return withRepo(path, async (repo) => {
    repo.checkWritable();
    for (const ref of refs) repo.setRef(ref, commit);
  });
}

async function withRepo<Value>(path: string, work: (repo: LibostreeRepo) => Promise<Value>): Promise<Value> {
  const repo = LibostreeRepo.open(path);
  try {
    return await work(repo);
  } finally {
    repo.close();
  }
}
