/** Sets refs of a repository. */
import type { Checksum } from '../../ostree/checksum.ts';
import { checked, type ErrorPlace } from '../glib/gerror.ts';
import { lazily, type Pointer } from '../library.ts';
import type { Refspec } from './refspec.ts';

const ostree = lazily(({ ostree }) => ({
  setRef: ostree.func(
    'int ostree_repo_set_ref_immediate(void *repo, const char *remote, const char *ref, const char *checksum, void *cancellable, _Inout_ void **error)',
  ) as (
    repo: Pointer,
    remote: string | null,
    ref: string,
    checksum: Checksum | null,
    cancellable: null,
    error: ErrorPlace,
  ) => number,
}));

/** Sets the ref, or deletes it; `commit` is a checksum. */
export function setRef(repo: Pointer, { remote, ref }: Refspec, commit: Checksum | undefined): void {
  const name = remote === null ? ref : `${remote}:${ref}`;
  checked(`cannot set the ref ${name}`, (error) =>
    ostree().setRef(repo, remote, ref, commit ?? null, null, error),
  );
}
