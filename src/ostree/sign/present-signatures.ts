/** Which signatures detached metadata holds, verified or not. */
import type { MetadataDict } from '../metadata-dict.ts';
import { SIGN_ENGINES } from './engines.ts';
import { signatureClaims } from './openpgp.ts';
import { GPG_SIGNATURES, signaturesUnder } from './signatures.ts';

export type PresentSignature = {
  readonly kind: 'gpg' | 'ed25519' | 'spki';
  /** gpg: the fingerprint or id of the key that the signature names. The others name none. */
  readonly key?: string;
  /** gpg: when it says it was made, seconds since 1970. */
  readonly timestamp?: number;
};

export function presentSignatures(metadata: MetadataDict): readonly PresentSignature[] {
  const byEngine = Object.values(SIGN_ENGINES).flatMap(({ name, metadataKey }) =>
    signaturesUnder(metadata, metadataKey).map(() => ({ kind: name })),
  );
  return [...signaturesUnder(metadata, GPG_SIGNATURES).flatMap(gpgSignatures), ...byEngine];
}

function gpgSignatures(packets: Buffer): readonly PresentSignature[] {
  const claims = signatureClaims(packets);
  if (claims.length === 0) return [{ kind: 'gpg' }];
  return claims.map(({ key, timestamp }) => ({
    kind: 'gpg',
    ...(key === undefined ? {} : { key }),
    ...(timestamp === undefined ? {} : { timestamp }),
  }));
}
