/** Signs commits with GPG: a signature is added to the detached metadata. */
import { type Checksum, parseChecksum } from '../../ostree/checksum.ts';
import { checked, type ErrorPlace } from '../glib/gerror.ts';
import { withMainContext } from '../glib/glib.ts';
import { lazily, type Pointer } from '../library.ts';
import type { LibostreeRepo } from './repository.ts';

export type GpgSigner = {
  /** Of the secret key: an id, a fingerprint or an address. */
  readonly key: string;
  /** GNUPGHOME; the user's own if not given. */
  readonly home?: string;
};

const ostree = lazily(({ ostree }) => ({
  sign: ostree.func(
    'int ostree_repo_sign_commit(void *repo, const char *commit, const char *key, const char *home, void *cancellable, _Inout_ void **error)',
  ) as (
    repo: Pointer,
    commit: Checksum,
    key: string,
    home: string | null,
    cancellable: null,
    error: ErrorPlace,
  ) => number,
}));

/** Signs a commit of the repository; takes as long as gpg does. Throws ERR_LIBOSTREE with gpg's words. */
export function gpgSignCommit(repo: LibostreeRepo, commit: Checksum, signer: GpgSigner): void {
  parseChecksum(commit);
  withMainContext(() =>
    checked(`cannot sign the commit ${commit}`, (error) =>
      ostree().sign(repo.pointer, commit, signer.key, signer.home ?? null, null, error),
    ),
  );
}
