/** Writes the detached metadata of commits through libostree, and holds a repository's lock meanwhile. */
import type { Checksum } from '../../ostree/checksum.ts';
import { DICT_TYPE } from '../../ostree/metadata-dict.ts';
import { checked, type ErrorPlace } from '../glib/gerror.ts';
import { newVariant } from '../glib/glib.ts';
import { lazily, type Pointer } from '../library.ts';
import type { LibostreeRepo } from './repository.ts';

/** OSTREE_REPO_LOCK_EXCLUSIVE. */
const EXCLUSIVE = 1;

type LockCall = (repo: Pointer, type: number, cancellable: null, error: ErrorPlace) => number;

const ostree = lazily(({ ostree }) => ({
  writeDetached: ostree.func(
    'int ostree_repo_write_commit_detached_metadata(void *repo, const char *checksum, void *metadata, void *cancellable, _Inout_ void **error)',
  ) as (
    repo: Pointer,
    checksum: Checksum,
    metadata: Pointer | null,
    cancellable: null,
    error: ErrorPlace,
  ) => number,
  lockPush: ostree.func(
    'int ostree_repo_lock_push(void *repo, int type, void *cancellable, _Inout_ void **error)',
  ) as LockCall,
  lockPop: ostree.func(
    'int ostree_repo_lock_pop(void *repo, int type, void *cancellable, _Inout_ void **error)',
  ) as LockCall,
}));

/** Replaces the detached metadata atomically by a serialized `a{sv}`; without one, removes it. */
export function writeDetachedMetadata(
  repo: Pointer,
  commit: Checksum,
  serialized: Uint8Array | undefined,
): void {
  using variant = serialized === undefined ? undefined : newVariant(DICT_TYPE, serialized);
  checked(`cannot write object ${commit}.commitmeta`, (error) =>
    ostree().writeDetached(repo, commit, variant?.pointer ?? null, null, error),
  );
}

/**
 * Runs `work` while no other program that uses libostree writes to the repository. Waits for the lock as long
 * as `core.lock-timeout-secs` allows, then ERR_LIBOSTREE.
 */
export async function withExclusiveLock<T>(repo: LibostreeRepo, work: () => Promise<T>): Promise<T> {
  const call = (lock: LockCall, what: string) =>
    checked(`cannot ${what} the repository ${repo.path}`, (error) =>
      lock(repo.pointer, EXCLUSIVE, null, error),
    );
  call(ostree().lockPush, 'lock');
  try {
    return await work();
  } finally {
    call(ostree().lockPop, 'unlock');
  }
}
