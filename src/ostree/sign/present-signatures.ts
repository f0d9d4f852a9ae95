/** Lists the signatures in detached metadata, without verifying them. */
import type { MetadataDict } from '../metadata-dict.ts';
import { SIGN_ENGINES } from './engines.ts';
import { signatureClaims } from './openpgp.ts';
import { GPG_SIGNATURES, signaturesUnder } from './signatures.ts';

export type PresentSignature = {
  readonly kind: 'gpg' | 'ed25519' | 'spki';
  /** gpg: fingerprint or id of the key that the signature names. Other kinds name no key. */
  readonly key?: string;
  /** gpg: claimed time of signing, seconds since 1970. */
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
