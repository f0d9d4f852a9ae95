/**
 * Verifies the signatures of a commit as libostree does when it pulls: by the options of a remote of the repository
 * that the commit goes to, over the bytes of the commit object, with the signatures in its detached metadata.
 */
import { TreeportError } from '../base/errors.ts';
import type { Checksum } from '../ostree/checksum.ts';

export type VerifyOptions = {
  /** Path of the repository whose config has the remote. */
  readonly repo: string;
  readonly remote: string;
  readonly commit: Checksum;
  readonly commitBytes: Uint8Array;
  /** A serialized `a{sv}`; undefined if the commit came without any. */
  readonly detachedMetadata: Uint8Array | undefined;
};

export type VerifiedSignature = {
  readonly kind: 'gpg' | 'ed25519' | 'spki';
  /** gpg: the fingerprint; ed25519 and spki: the public key in base64. */
  readonly key: string;
  /** gpg: name and address of the key's owner. */
  readonly signer?: string;
  /** gpg: when it was signed, seconds since 1970. */
  readonly timestamp?: number;
};

/**
 * The valid signatures, at least one of each kind that the remote demands. Throws ERR_REMOTE_MISSING, ERR_NO_KEYS,
 * ERR_SIGNATURE_MISSING, ERR_SIGNATURE_BAD, ERR_SIGNATURE_UNKNOWN_KEY.
 */
export async function verifyCommitSignatures(options: VerifyOptions): Promise<readonly VerifiedSignature[]> {
  const message = `the signatures of commit ${options.commit} cannot be verified by this version`;
  throw new TreeportError('ERR_INTERNAL', message);
}
