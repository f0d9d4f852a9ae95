/** Transactions in which commits arrive, each with the refs on it. */
import { LibostreeRepo, type TransactionOptions } from '../libostree/repository.ts';
import type { Transaction } from '../libostree/transaction.ts';
import type { Checksum } from '../ostree/checksum.ts';

/** Runs `work` with a transaction on the repository at `path`, which is aborted if that throws. */
export function withTransaction<Value>(
  path: string,
  work: (transaction: Transaction) => Promise<Value>,
  options: TransactionOptions = {},
): Promise<Value> {
  return withRepo(path, async (repo) => {
    const transaction = await repo.startTransaction(options);
    try {
      return await work(transaction);
    } catch (error) {
      await transaction.abort();
      throw error;
    }
  });
}

/** Makes what was written visible, and puts the refs on `commit`, which is complete by it. */
export async function landCommit(
  transaction: Transaction,
  commit: Checksum,
  refs: readonly string[],
): Promise<void> {
  for (const ref of refs) transaction.setRef(ref, commit);
  await transaction.commit();
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
