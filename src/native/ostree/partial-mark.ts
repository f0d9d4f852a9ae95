/** Marks commits in a repository as partial: `state/<checksum>.commitpartial`. */
import { type Checksum, parseChecksum } from '../../ostree/checksum.ts';
import { checked, type ErrorPlace } from '../glib/gerror.ts';
import { lazily, type Pointer } from '../library.ts';

const ostree = lazily(({ ostree }) => ({
  markPartial: ostree.func(
    'int ostree_repo_mark_commit_partial(void *repo, const char *checksum, int partial, _Inout_ void **error)',
  ) as (repo: Pointer, checksum: Checksum, partial: number, error: ErrorPlace) => number,
}));

export function markPartial(repo: Pointer, commit: Checksum, partial: boolean): void {
  const checksum = parseChecksum(commit);
  const what = `cannot mark the commit ${commit} as ${partial ? 'partial' : 'complete'}`;
  checked(what, (error) => ostree().markPartial(repo, checksum, Number(partial), error));
}
