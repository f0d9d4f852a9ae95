/** Beginning and ending a transaction: calls that wait for locks and disks. They run on a write thread. */
import { checked, type ErrorPlace } from './gerror.ts';
import { withMainContext } from './glib.ts';
import { lazily, type Pointer } from './library.ts';

export type TransactionStats = {
  /** Objects that were new. */
  readonly metadataObjects: number;
  readonly contentObjects: number;
  /** Bytes of the files among them. */
  readonly contentBytes: number;
};

type Call = (repo: Pointer, cancellable: null, error: ErrorPlace) => number;
type CallWithResult<Result> = (repo: Pointer, result: Result, cancellable: null, error: ErrorPlace) => number;

const ostree = lazily(({ ostree }) => ({
  prepare: ostree.func(
    'int ostree_repo_prepare_transaction(void *repo, int *resume, void *cancellable, _Inout_ void **error)',
  ) as CallWithResult<null>,
  commit: ostree.func(
    'int ostree_repo_commit_transaction(void *repo, _Out_ void *stats, void *cancellable, _Inout_ void **error)',
  ) as CallWithResult<Buffer>,
  abort: ostree.func(
    'int ostree_repo_abort_transaction(void *repo, void *cancellable, _Inout_ void **error)',
  ) as Call,
}));

/** OstreeRepoTransactionStats with room to spare: four guints, a guint64, and padding. */
const STATS_BYTES = 128;
const STATS = { metadataWritten: 4, contentWritten: 12, contentBytes: 16 } as const;

export function prepareTransaction(repo: Pointer): void {
  withMainContext(() =>
    checked('cannot start a transaction', (error) => ostree().prepare(repo, null, null, error)),
  );
}

/** Makes the objects and refs of the transaction appear. */
export function commitTransaction(repo: Pointer): TransactionStats {
  const stats = Buffer.alloc(STATS_BYTES);
  withMainContext(() =>
    checked('cannot commit the transaction', (error) => ostree().commit(repo, stats, null, error)),
  );
  return {
    metadataObjects: stats.readUInt32LE(STATS.metadataWritten),
    contentObjects: stats.readUInt32LE(STATS.contentWritten),
    contentBytes: Number(stats.readBigUInt64LE(STATS.contentBytes)),
  };
}

/** libostree keeps what was written in tmp/, invisible, for the next transaction to go on from. */
export function abortTransaction(repo: Pointer): void {
  checked('cannot abort the transaction', (error) => ostree().abort(repo, null, error));
}
