/** Bytes with their signatures, those of a commit or a summary: the input of verifiers. */
import { isTreeportError } from '../../base/errors.ts';
import type { Checksum } from '../checksum.ts';
import type { FLATPAK_INDEX } from '../flatpak/index-file.ts';
import { type MetadataDict, parseDict } from '../metadata-dict.ts';
import { corruptObject } from '../object-fault.ts';
import { formatObjectName } from '../object-name.ts';

/** What is signed, and so which options of a remote say how to verify it. */
export type SignedThing = 'commit' | 'summary';

export type SignedData = {
  /** Names it in messages: `commit <checksum>`, or `the summary of <repository>`. */
  readonly name: string;
  readonly thing: SignedThing;
  /** Set for flatpak's index, which is signed and verified as the summary is. */
  readonly file?: typeof FLATPAK_INDEX;
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
): SignedData {
  try {
    const metadata = detachedMetadata === undefined ? new Map() : parseDict(detachedMetadata);
    return { name: `commit ${checksum}`, thing: 'commit', bytes, metadata };
  } catch (error) {
    if (!isTreeportError(error)) throw error;
    throw corruptObject(formatObjectName({ type: 'commitmeta', checksum }), error.message, error);
  }
}

/** The option of a remote that switches verification on: `gpg-verify`, `sign-verify-summary`, … */
export function verifyOption(kind: 'gpg' | 'sign', thing: SignedThing): string {
  return thing === 'commit' ? `${kind}-verify` : `${kind}-verify-summary`;
}
