/** Begins and ends transactions. These calls wait for locks and disks, so they run on a write thread. */
import { checked, type ErrorPlace } from '../glib/gerror.ts';
import { withMainContext } from '../glib/glib.ts';
import { lazily, type Pointer } from '../library.ts';
import type { StagedRepo } from './staging.ts';
import { isSyncedHere, syncRepo } from './sync-repo.ts';

export type TransactionStats = {
  /** New objects. */
  readonly metadataObjects: number;
  readonly contentObjects: number;
  /** Bytes of the new files. */
  readonly contentBytes: number;
};

export type BegunTransaction = {
  /** True if libostree took over the staging directory of an earlier transaction. */
  readonly isResumed: boolean;
  /** False if the repository's configuration has `core.fsync=false`. */
  readonly syncs: boolean;
};

type Call = (repo: Pointer, cancellable: null, error: ErrorPlace) => number;
type CallWithResult<Result> = (repo: Pointer, result: Result, cancellable: null, error: ErrorPlace) => number;

const ostree = lazily(({ ostree }) => ({
  prepare: ostree.func(
    'int ostree_repo_prepare_transaction(void *repo, _Out_ int *resume, void *cancellable, _Inout_ void **error)',
  ) as CallWithResult<[number]>,
  commit: ostree.func(
    'int ostree_repo_commit_transaction(void *repo, _Out_ void *stats, void *cancellable, _Inout_ void **error)',
  ) as CallWithResult<Buffer>,
  abort: ostree.func(
    'int ostree_repo_abort_transaction(void *repo, void *cancellable, _Inout_ void **error)',
  ) as Call,
  getDisableFsync: ostree.func('int ostree_repo_get_disable_fsync(void *repo)') as (repo: Pointer) => number,
  setDisableFsync: ostree.func('void ostree_repo_set_disable_fsync(void *repo, int disable)') as (
    repo: Pointer,
    disable: number,
  ) => void,
}));

/** Larger than OstreeRepoTransactionStats: four guints, a guint64, and padding. */
const STATS_BYTES = 128;
const STATS = { metadataWritten: 4, contentWritten: 12, contentBytes: 16 } as const;

/**
 * Enables fsync until the commit, which costs nothing before: without it libostree moves objects to their
 * final places at once, and an abort has no effect.
 */
export function prepareTransaction(repo: Pointer): BegunTransaction {
  const { getDisableFsync, setDisableFsync, prepare } = ostree();
  const syncs = getDisableFsync(repo) === 0;
  setDisableFsync(repo, 0);
  const resumed: [number] = [0];
  try {
    withMainContext(() =>
      checked('cannot start a transaction', (error) => prepare(repo, resumed, null, error)),
    );
  } catch (error) {
    setDisableFsync(repo, Number(!syncs));
    throw error;
  }
  return { isResumed: resumed[0] !== 0, syncs };
}

/** Publishes the objects of the transaction, and counts files of ours. */
export function commitTransaction(repo: StagedRepo): TransactionStats {
  const { syncs, ownFiles } = repo.staging;
  const stats = Buffer.alloc(STATS_BYTES);
  if (isSyncedHere(repo.staging)) {
    syncRepo(repo);
    publish(repo.pointer, stats, false);
    // The names of the objects, too, before the caller says that they are complete.
    syncRepo(repo);
  } else publish(repo.pointer, stats, syncs);
  ostree().setDisableFsync(repo.pointer, Number(!syncs));
  const [files = 0n, bytes = 0n] = ownFiles ?? [];
  return {
    metadataObjects: stats.readUInt32LE(STATS.metadataWritten),
    contentObjects: stats.readUInt32LE(STATS.contentWritten) + Number(files),
    contentBytes: Number(stats.readBigUInt64LE(STATS.contentBytes) + bytes),
  };
}

/** `syncs`: libostree syncs the staged objects, and each directory that gets some. */
function publish(repo: Pointer, stats: Buffer, syncs: boolean): void {
  ostree().setDisableFsync(repo, Number(!syncs));
  withMainContext(() =>
    checked('cannot commit the transaction', (error) => ostree().commit(repo, stats, null, error)),
  );
}

/** libostree keeps the staged objects in tmp/, invisible, and the next transaction takes them over. */
export function abortTransaction(repo: Pointer, syncs: boolean): void {
  ostree().setDisableFsync(repo, Number(!syncs));
  checked('cannot abort the transaction', (error) => ostree().abort(repo, null, error));
}
