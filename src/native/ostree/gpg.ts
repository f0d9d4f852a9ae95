/**
 * GPG signatures, verified by libostree (which runs gpg) with the key ring of a remote: `<remote>.trustedkeys.gpg` of
 * the repository or the machine, else the machine's trusted.gpg.d; and what `gpgkeypath` names. gpg takes some 40 ms,
 * on the caller's thread.
 */
import { read } from '../../gvariant/index.ts';
import { checked, type ErrorPlace } from '../glib/gerror.ts';
import { newBytes, ownObject, ownVariant, variantBytes } from '../glib/glib.ts';
import { lazily, type Pointer } from '../library.ts';
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

/** OSTREE_GPG_SIGNATURE_ATTR_*: VALID, SIG_EXPIRED, KEY_EXPIRED, KEY_REVOKED, KEY_MISSING, FINGERPRINT, TIMESTAMP, USER_NAME, USER_EMAIL. */
const ATTRIBUTES = Int32Array.of(0, 1, 2, 3, 4, 5, 6, 10, 11);
const ATTRIBUTES_TYPE = '(bbbbbsxss)';

/** What GPGME says of bytes that are no OpenPGP packets. */
const NO_OPENPGP_DATA = 'No data';

type Attributes = readonly [boolean, boolean, boolean, boolean, boolean, string, bigint, string, string];

const ostree = lazily(({ ostree }) => ({
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
}));

export type GpgVerifyOptions = {
  /** Path of the repository, of any mode, that has the remote. */
  readonly repo: string;
  readonly remote: string;
  readonly data: Uint8Array;
  /** OpenPGP packets, one after the other. */
  readonly signatures: Uint8Array;
  /** Begins the messages of errors: what cannot be done if this fails. */
  readonly what: string;
};

/** What is to be said of each signature. ERR_SIGNATURE_BAD if they are no OpenPGP signatures at all. */
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
    read(ATTRIBUTES_TYPE, variantBytes(tuple.pointer)) as unknown as Attributes;
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
