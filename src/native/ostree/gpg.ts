/**
 * GPG: verifying signatures, and importing the keys to verify with. libostree runs gpg, on the calling
 * thread; a verification takes about 40 ms.
 *
 * The key ring of a remote is `<remote>.trustedkeys.gpg` of the repository or the machine, else the machine's
 * trusted.gpg.d; and the files that `gpgkeypath` names.
 */
import { read } from '../../gvariant/index.ts';
import { checked, type ErrorPlace } from '../glib/gerror.ts';
import { newBytes, ownObject, ownVariant, variantBytes, withMainContext } from '../glib/glib.ts';
import { lazily, type Pointer } from '../library.ts';
import { missingRemote } from './remotes.ts';
import { LibostreeRepo } from './repository.ts';

export type GpgSignature = {
  readonly valid: boolean;
  readonly expired: boolean;
  readonly keyExpired: boolean;
  readonly keyRevoked: boolean;
  readonly keyMissing: boolean;
  /** Of the signing key; its key id if the key is missing. */
  readonly fingerprint: string;
  /** Seconds since 1970. */
  readonly timestamp: number;
  /** Empty if the key is missing. */
  readonly userName: string;
  readonly userEmail: string;
};

/**
 * OSTREE_GPG_SIGNATURE_ATTR_*: VALID, SIG_EXPIRED, KEY_EXPIRED, KEY_REVOKED, KEY_MISSING, FINGERPRINT,
 * TIMESTAMP, USER_NAME, USER_EMAIL.
 */
const ATTRIBUTES = Int32Array.of(0, 1, 2, 3, 4, 5, 6, 10, 11);
const ATTRIBUTES_TYPE = '(bbbbbsxss)';

/** GPGME's error for input that is not OpenPGP data, or has no keys. */
const NO_OPENPGP_DATA = 'No data';

type SignatureAttributes = readonly [
  boolean,
  boolean,
  boolean,
  boolean,
  boolean,
  string,
  bigint,
  string,
  string,
];

const ostree = lazily(({ ostree, gio }) => ({
  verify: ostree.func(
    'void *ostree_repo_gpg_verify_data(void *repo, const char *remote, void *data, void *signatures, void *directory, void *keyring, void *cancellable, _Inout_ void **error)',
  ) as (
    repo: Pointer,
    remote: string,
    data: Pointer,
    signatures: Pointer,
    directory: null,
    keyring: null,
    cancellable: null,
    error: ErrorPlace,
  ) => Pointer,
  count: ostree.func('unsigned int ostree_gpg_verify_result_count_all(void *result)') as (
    result: Pointer,
  ) => number,
  attributes: ostree.func(
    'void *ostree_gpg_verify_result_get(void *result, unsigned int index, const int *attributes, unsigned int count)',
  ) as (result: Pointer, index: number, attributes: Int32Array, count: number) => Pointer,
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

export type GpgVerifyOptions = {
  /** Path of the repository, of any mode, that has the remote. */
  readonly repo: string;
  readonly remote: string;
  readonly data: Uint8Array;
  /** OpenPGP packets, one after the other. */
  readonly signatures: Uint8Array;
  /** Prefix of error messages: the operation that failed. */
  readonly what: string;
};

/** The result for each signature. Throws ERR_SIGNATURE_BAD if the bytes are not OpenPGP signatures. */
export function verifyGpgSignatures(options: GpgVerifyOptions): readonly GpgSignature[] {
  const { verify, count } = ostree();
  using repo = LibostreeRepo.openToRead(options.repo);
  using data = newBytes(options.data);
  using signatures = newBytes(options.signatures);
  const pointer = checked(
    options.what,
    (error) =>
      verify(repo.pointer, options.remote, data.pointer, signatures.pointer, null, null, null, error),
    ({ message }) => (message.endsWith(NO_OPENPGP_DATA) ? 'ERR_SIGNATURE_BAD' : undefined),
  );
  using result = ownObject(pointer);
  return Array.from({ length: count(result.pointer) }, (_, index) => signatureAt(result.pointer, index));
}

function signatureAt(result: Pointer, index: number): GpgSignature {
  using tuple = ownVariant(ostree().attributes(result, index, ATTRIBUTES, ATTRIBUTES.length));
  const [valid, expired, keyExpired, keyRevoked, keyMissing, fingerprint, timestamp, userName, userEmail] =
    read(ATTRIBUTES_TYPE, variantBytes(tuple.pointer)) as unknown as SignatureAttributes;
  return {
    valid,
    expired,
    keyExpired,
    keyRevoked,
    keyMissing,
    fingerprint,
    timestamp: Number(timestamp),
    userName,
    userEmail,
  };
}

/**
 * Adds public keys to the key ring of the remote, which must exist, and returns how many were new. `keys` may
 * be armored. Throws ERR_REMOTE_MISSING and ERR_NO_KEYS.
 */
export function importGpgKeys(repo: LibostreeRepo, remote: string, keys: Uint8Array): number {
  using bytes = newBytes(keys);
  using stream = ownObject(ostree().bytesStream(bytes.pointer));
  const imported: [number] = [0];
  withMainContext(() =>
    checked(
      `cannot import GPG keys for the remote ${remote}`,
      (error) => ostree().importKeys(repo.pointer, remote, stream.pointer, null, imported, null, error),
      (error) =>
        missingRemote(error) ?? (error.message.endsWith(NO_OPENPGP_DATA) ? 'ERR_NO_KEYS' : undefined),
    ),
  );
  return imported[0];
}
