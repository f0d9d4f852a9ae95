/** Begins a transaction of libostree's, and finds and sweeps its staging directory. */
import type { ObjectName } from '../../ostree/object-name.ts';
import type { Pointer } from '../library.ts';
import type { LibostreeRepo } from './repository.ts';
import { claimStaging, oneAfterTheOther, releaseStaging, sweepStaging } from './staging.ts';
import type { BegunTransaction } from './transaction-calls.ts';
import type { StagedRepo } from './write-objects.ts';
import type { WriteThread } from './write-threads.ts';

export type TransactionStart = {
  readonly repo: StagedRepo;
  /** What commit and abort need to know. */
  readonly syncs: boolean;
  /** Objects that another transaction staged, to be verified before anything else is done. */
  readonly leftover: readonly ObjectName[];
};

/** `pointer` is a handle of the transaction's own on the repository. Throws ERR_LIBOSTREE. */
export function beginTransaction(
  { path, mode }: LibostreeRepo,
  pointer: Pointer,
  thread: WriteThread,
): Promise<TransactionStart> {
  return oneAfterTheOther(async () => {
    const { isResumed, syncs } = (await thread.call({ kind: 'prepare', repo: pointer })) as BegunTransaction;
    let directory: string | undefined;
    try {
      directory = claimStaging(path);
      const staging = { repo: path, mode, directory };
      return { repo: { pointer, staging }, syncs, leftover: isResumed ? sweepStaging(staging) : [] };
    } catch (error) {
      if (directory !== undefined) releaseStaging(directory);
      await thread.call({ kind: 'abort', repo: pointer, syncs }).catch(() => {});
      throw error;
    }
  });
}
