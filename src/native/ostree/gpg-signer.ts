/**
 * Signs with GPG: libostree runs gpg through GPGME, which asks the user's agent for a passphrase if the key
 * has one. Blocks the calling thread meanwhile.
 */
import { isTreeportError, TreeportError } from '../../base/errors.ts';
import { parseDict } from '../../ostree/metadata-dict.ts';
import { gpgKeyState } from '../../ostree/sign/gpg-key-state.ts';
import { GPG_SIGNATURES, signaturesUnder } from '../../ostree/sign/signatures.ts';
import type { Signer } from '../../ostree/sign/signer.ts';
import { checked, type ErrorPlace, type ForeignError } from '../glib/gerror.ts';
import { bytesCopy, newBytes, ownBytes, withMainContext } from '../glib/glib.ts';
import { lazily, type Pointer } from '../library.ts';
import type { LibostreeRepo } from './repository.ts';

export type GpgKeyChoice = {
  /** Of the secret key: an id, a fingerprint or an address. */
  readonly key: string;
  /** GNUPGHOME. Default: the user's. */
  readonly home?: string;
};

type BytesPlace = [Pointer | null];

const ostree = lazily(({ ostree }) => ({
  sign: ostree.func(
    'int ostree_repo_gpg_sign_data(void *repo, void *data, void *old, const char **keys, const char *home, _Inout_ void **signatures, void *cancellable, _Inout_ void **error)',
  ) as (
    repo: Pointer,
    data: Pointer,
    old: null,
    keys: readonly (string | null)[],
    home: string | null,
    signatures: BytesPlace,
    cancellable: null,
    error: ErrorPlace,
  ) => number,
}));

/** Its `sign` rejects with ERR_SIGNING_KEY if gpg cannot use the key, else ERR_LIBOSTREE; both quote gpg. */
export function gpgSigner(repo: LibostreeRepo, { key, home }: GpgKeyChoice): Signer {
  return { kind: 'gpg', sign: async (data, what) => gpgSignature(repo, { key, home, data, what }) };
}

type Request = {
  readonly key: string;
  readonly home: string | undefined;
  readonly data: Uint8Array;
  readonly what: string;
};

function gpgSignature(repo: LibostreeRepo, { key, home, data, what }: Request): Buffer {
  // GPGME would take an empty or a NUL-terminated part of it for another key.
  if (key === '' || key.includes('\0'))
    throw new TreeportError('ERR_SIGNING_KEY', `cannot sign ${what}: the GPG key id is empty or invalid`);
  using bytes = newBytes(data);
  const place: BytesPlace = [null];
  const failure = `cannot sign ${what} with GPG key ${key}`;
  const call = (error: ErrorPlace) =>
    ostree().sign(repo.pointer, bytes.pointer, null, [key, null], home ?? null, place, null, error);
  try {
    withMainContext(() => checked(failure, call, classify));
  } catch (error) {
    const state = isTreeportError(error, 'ERR_SIGNING_KEY') ? gpgKeyState(key, home) : undefined;
    if (state === undefined) throw error;
    throw new TreeportError('ERR_SIGNING_KEY', `${failure}: it is ${state}`, { cause: error });
  }
  using signatures = ownBytes(place[0] as Pointer);
  const [signature] = signaturesUnder(parseDict(bytesCopy(signatures.pointer)), GPG_SIGNATURES);
  if (signature !== undefined) return Buffer.from(signature);
  throw new TreeportError('ERR_LIBOSTREE', `cannot sign ${what}: libostree gave no GPG signature`);
}

/** GPGME's messages for keys that are missing, expired, revoked or without a secret part. */
function classify({ message }: ForeignError): 'ERR_SIGNING_KEY' | undefined {
  const isKey =
    /No gpg key found|Unusable (?:secret|public) key|No secret key|Bad passphrase|expired|revoked/i;
  return isKey.test(message) ? 'ERR_SIGNING_KEY' : undefined;
}
