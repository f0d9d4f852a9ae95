/**
 * Starts libostree transactions, which take over objects that an earlier one staged once these are verified.
 */
import { availableParallelism } from 'node:os';
import { DEFAULT_FILEZ_LEVEL } from '../../ostree/filez.ts';
import { type Keyfile, keyfileBoolean, keyfileString } from '../../ostree/keyfile.ts';
import { readRepositoryConfig } from '../../ostree/repo/config.ts';
import type { RepositoryMode } from '../../ostree/repo/open.ts';
import { deflaterVersion } from '../deflate/deflate.ts';
import { shareObject } from '../glib/glib.ts';
import type { Pointer } from '../library.ts';
import { FreeSpace } from './free-space.ts';
import type { LibostreeRepo } from './repository.ts';
import { canStageFiles } from './staged-file.ts';
import { claimStaging, newOwnFiles, oneAfterTheOther, releaseStaging, sweepStaging } from './staging.ts';
import { Transaction, type TransactionStart } from './transaction.ts';
import type { BegunTransaction } from './transaction-calls.ts';
import { giveThreads, takeThreads, type WriteThread } from './write-threads.ts';
import { Writers } from './writers.ts';

export type TransactionOptions = {
  /** Threads that write objects. Default: the number of processors, at most eight. */
  readonly threads?: number;
  /**
   * The caller verified signatures of what it writes, so detached metadata is added to what a commit in the
   * repository has. Otherwise that metadata stays as it is.
   */
  readonly isVerified?: boolean;
};

const MAX_THREADS = 8;

/**
 * Starts a transaction. A LibostreeRepo has at most one at a time; several LibostreeRepos of one repository
 * may have one each. Throws ERR_REPO_READ_ONLY and ERR_LIBOSTREE.
 */
export async function startTransaction(
  repo: LibostreeRepo,
  options: TransactionOptions = {},
): Promise<Transaction> {
  repo.checkWritable();
  const { threads = Math.min(availableParallelism(), MAX_THREADS), isVerified = false } = options;
  const handle = shareObject(repo.pointer);
  const taken = takeThreads(Math.max(1, threads));
  const start = await begin(repo, handle.pointer, taken[0] as WriteThread).catch(async (error: unknown) => {
    await giveThreads(taken);
    handle[Symbol.dispose]();
    throw error;
  });
  const transaction = new Transaction({
    repo,
    handle,
    start,
    writers: new Writers(start.repo, taken),
    isVerified,
  });
  await transaction.sweep();
  return transaction;
}

/**
 * `pointer` is the transaction's own reference to the repository. Content is staged by ourselves in the modes
 * bare and archive, unless the repository wants each file to be synced or sealed with fs-verity, which stays
 * libostree's. Throws ERR_LIBOSTREE.
 */
function begin(
  { path, mode }: LibostreeRepo,
  pointer: Pointer,
  thread: WriteThread,
): Promise<TransactionStart> {
  return oneAfterTheOther(async () => {
    const { isResumed, syncs } = (await thread.call({ kind: 'prepare', repo: pointer })) as BegunTransaction;
    let directory: string | undefined;
    try {
      directory = claimStaging(path);
      const config = readRepositoryConfig(path);
      const syncsEach = config !== undefined && keyfileBoolean(config, 'core', 'per-object-fsync') === true;
      const isPlain = config !== undefined && !syncsEach && !config.has('ex-integrity');
      const isOwn = isPlain && stagesFiles(mode) && canStageFiles(directory);
      const ownFiles = isOwn ? newOwnFiles() : undefined;
      const space = ownFiles === undefined ? undefined : new FreeSpace(pointer, path);
      const level = config === undefined ? DEFAULT_FILEZ_LEVEL : levelIn(config);
      const staging = { repo: path, mode, directory, syncs, syncsEach, ownFiles, level };
      return { repo: { pointer, staging }, space, leftover: isResumed ? sweepStaging(staging) : [] };
    } catch (error) {
      if (directory !== undefined) releaseStaging(directory);
      await thread.call({ kind: 'abort', repo: pointer, syncs }).catch(() => {});
      throw error;
    }
  });
}

/** Without libdeflate libostree compresses. */
function stagesFiles(mode: RepositoryMode): boolean {
  return mode === 'bare' || (mode === 'archive' && deflaterVersion() !== undefined);
}

/** As libostree reads it. */
function levelIn(config: Keyfile): number {
  const text = keyfileString(config, 'archive', 'zlib-level');
  if (text === undefined) return DEFAULT_FILEZ_LEVEL;
  return Math.max(1, Math.min(9, Number.parseInt(text, 10) || 0));
}
