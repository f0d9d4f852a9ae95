/** A commit with its signatures: the input of verifiers. */
import { isTreeportError } from '../../base/errors.ts';
import type { Checksum } from '../checksum.ts';
import { type MetadataDict, parseDict } from '../metadata-dict.ts';
import { corruptObject } from '../object-fault.ts';
import { formatObjectName } from '../object-name.ts';

export type SignedCommit = {
  readonly checksum: Checksum;
  readonly bytes: Uint8Array;
  readonly metadata: MetadataDict;
};

export type VerifiedSignature = {
  readonly kind: 'gpg' | 'ed25519' | 'spki';
  /**
   * gpg: the fingerprint of the signing key; ed25519: the public key in base64; spki: the SHA-256 of its DER
   * form.
   */
  readonly key: string;
  /** gpg: name and address of the key's owner. */
  readonly signer?: string;
  /** gpg: when it was signed, seconds since 1970. */
  readonly timestamp?: number;
};

/** ERR_OBJECT_CORRUPT if the detached metadata is malformed. Without metadata there are no signatures. */
export function signedCommit(
  checksum: Checksum,
  bytes: Uint8Array,
  detachedMetadata: Uint8Array | undefined,
): SignedCommit {
  try {
    const metadata = detachedMetadata === undefined ? new Map() : parseDict(detachedMetadata);
    return { checksum, bytes, metadata };
  } catch (error) {
    if (!isTreeportError(error)) throw error;
    throw corruptObject(formatObjectName({ type: 'commitmeta', checksum }), error.message, error);
  }
}
