/** GPG keys that a remote's commits may be signed with: `<remote>.trustedkeys.gpg` in the repository. */
import { checked, type ErrorPlace } from '../glib/gerror.ts';
import { newBytes, ownObject, withMainContext } from '../glib/glib.ts';
import { lazily, type Pointer } from '../library.ts';
import { missingRemote } from './remotes.ts';
import type { LibostreeRepo } from './repository.ts';

/** What GPGME says of bytes without any key. */
const NO_KEYS = 'No data';

const ostree = lazily(({ ostree, gio }) => ({
  importKeys: ostree.func(
    'int ostree_repo_remote_gpg_import(void *repo, const char *remote, void *keys, void *ids, _Out_ uint32_t *imported, void *cancellable, _Inout_ void **error)',
  ) as (
    repo: Pointer,
    remote: string,
    keys: Pointer,
    ids: null,
    imported: [number],
    cancellable: null,
    error: ErrorPlace,
  ) => number,
  bytesStream: gio.func('void *g_memory_input_stream_new_from_bytes(void *bytes)') as (
    bytes: Pointer,
  ) => Pointer,
}));

/**
 * Trusts the public keys for the remote, which must exist; the number of keys that were new. `keys` may be
 * armored. Throws ERR_REMOTE_MISSING and ERR_NO_KEYS.
 */
export function importGpgKeys(repo: LibostreeRepo, remote: string, keys: Uint8Array): number {
  using bytes = newBytes(keys);
  using stream = ownObject(ostree().bytesStream(bytes.pointer));
  const imported: [number] = [0];
  withMainContext(() =>
    checked(
      `cannot import GPG keys for the remote ${remote}`,
      (error) => ostree().importKeys(repo.pointer, remote, stream.pointer, null, imported, null, error),
      (error) => missingRemote(error) ?? (error.message.endsWith(NO_KEYS) ? 'ERR_NO_KEYS' : undefined),
    ),
  );
  return imported[0];
}
