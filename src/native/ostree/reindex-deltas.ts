/** Writes the delta indexes of a repository, and removes those of deltas that are gone. */
import { checked, type ErrorPlace } from '../glib/gerror.ts';
import { lazily, type Pointer } from '../library.ts';
import type { LibostreeRepo } from './repository.ts';

const ostree = lazily(({ ostree }) => ({
  reindex: ostree.func(
    'int ostree_repo_static_delta_reindex(void *repo, int flags, const char *to, void *cancellable, _Inout_ void **error)',
  ) as (repo: Pointer, flags: number, to: null, cancellable: null, error: ErrorPlace) => number,
}));

/** Also sets `core.indexed-deltas` in the repository's config, so that clients look for the indexes. */
export function reindexDeltas(repo: LibostreeRepo): void {
  checked(`cannot index the static deltas of ${repo.path}`, (error) =>
    ostree().reindex(repo.pointer, 0, null, null, error),
  );
}
