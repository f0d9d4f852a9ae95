/** Transactions that import commits and set refs on them. */
import { availableParallelism } from 'node:os';
import { deflaterVersion } from '../../native/deflate/deflate.ts';
import { checkRefs } from '../../native/ostree/refs.ts';
import { LibostreeRepo } from '../../native/ostree/repository.ts';
import { startTransaction, type TransactionOptions } from '../../native/ostree/start-transaction.ts';
import type { Transaction } from '../../native/ostree/transaction.ts';
import { unlessUnfit } from '../../native/ostree/unfit-file-system.ts';
import type { Checksum } from '../../ostree/checksum.ts';
import type { RepositoryMode } from '../../ostree/repo/open.ts';

export type WorkOptions = TransactionOptions & {
  /** The refs that will be set. Checked before anything is staged. */
  readonly refs: readonly string[];
  /** The objects come from a stream that is inflated and hashed meanwhile, which takes a processor. */
  readonly isFromStream?: boolean;
};

/**
 * Runs `work` with a transaction on the repository at `path`, which is aborted if that throws.
 * ERR_REF_SYNTAX, ERR_REF_CONFLICT, ERR_REPO_READ_ONLY; ERR_IO where libostree cannot write.
 */
export function withTransaction<Value>(
  path: string,
  work: (transaction: Transaction) => Promise<Value>,
  { refs, isFromStream = false, ...options }: WorkOptions,
): Promise<Value> {
  return withRepo(path, async (repo) => {
    checkRefs(repo.path, refs);
    const ofStream = isFromStream ? { threads: threadsBesideStream(repo.mode) } : {};
    const transaction = await startTransaction(repo, { ...ofStream, ...options });
    try {
      return await work(transaction);
    } catch (error) {
      await transaction.abort();
      throw unlessUnfit(error, path);
    }
  });
}

const MAX_THREADS = 8;

/** Unless they compress by zlib, a thread for each processor would wait. */
function threadsBesideStream(mode: RepositoryMode): number {
  const processors = availableParallelism();
  const compress = mode === 'archive' && deflaterVersion() === undefined;
  return Math.min(MAX_THREADS, compress ? processors : Math.max(1, processors - 1));
}

/**
 * Commits the transaction and sets the refs on `commit`, which is then complete. Warns of detached metadata
 * that was not written.
 */
export async function landCommit(
  transaction: Transaction,
  commit: Checksum,
  refs: readonly string[],
  warn?: (message: string) => void,
): Promise<void> {
  for (const ref of refs) transaction.setRef(ref, commit);
  await transaction.commit();
  for (const kept of transaction.kept) warn?.(keptText(kept));
}

/** The warning of a commit in `Transaction.kept`. */
export function keptText(commit: Checksum): string {
  return `commit ${commit} was in the repository, whose detached metadata was kept as it is: that of this import is another, and no signature of it was verified`;
}

/** Sets refs on a commit that the repository has. */
export function putRefs(path: string, commit: Checksum, refs: readonly string[]): Promise<void> {
  return withRepo(path, async (repo) => {
    repo.checkWritable();
    checkRefs(repo.path, refs);
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
