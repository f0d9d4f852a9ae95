/** Syncs the file system of a repository (docs/decisions/0159-two-syncs-of-a-transaction.md). */
import { writeError } from '../../base/atomic-file.ts';
import { syncFileSystemOf } from '../libc/open-files.ts';
import { lazily, type Pointer } from '../library.ts';
import type { StagedRepo } from './staging.ts';

const ostree = lazily(({ ostree }) => ({
  descriptor: ostree.func('int ostree_repo_get_dfd(void *repo)') as (repo: Pointer) => number,
}));

/**
 * Makes all that was written durable. By libostree's own descriptor, which was opened before anything was
 * written: the kernel reports an error of earlier writes once to each. ERR_IO and ERR_DISK_FULL.
 */
export function syncRepo({ pointer, staging }: StagedRepo): void {
  try {
    syncFileSystemOf(ostree().descriptor(pointer));
  } catch (error) {
    throw writeError(error, staging.repo);
  }
}

/** Whether {@link syncRepo} makes a transaction durable: unless libostree does, or nothing is to be. */
export function isSyncedHere({ syncs, syncsEach }: StagedRepo['staging']): boolean {
  return syncs && !syncsEach;
}
