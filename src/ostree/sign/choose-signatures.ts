/**
 * Lists signatures by number, and chooses some of them, to delete them: by number or by key. The numbers are
 * those that listing shows, from 1. A summary is listed with flatpak's index, if the repository has one.
 */
import { TreeportError } from '../../base/errors.ts';
import type { MetadataDict } from '../metadata-dict.ts';
import { SIGN_ENGINES } from './engines.ts';
import { signatureClaims } from './openpgp.ts';
import { keepSignatures, signaturesUnder } from './signatures.ts';
import type { SignedData } from './signed-commit.ts';
import { SIGNATURE_KINDS, type SignatureKind, signatureKeyOf } from './signer.ts';

export type ListedSignature = {
  readonly number: number;
  readonly kind: SignatureKind;
  readonly bytes: Buffer;
  /** gpg: fingerprint or id of the key that the signature names. Other kinds name no key. */
  readonly key?: string;
  /** gpg: claimed time of signing, seconds since 1970. */
  readonly timestamp?: number;
  /** Set if it is a signature of flatpak's index. */
  readonly file?: SignedData['file'];
};

export function listSignatures(metadata: MetadataDict): readonly ListedSignature[] {
  const all = SIGNATURE_KINDS.flatMap((kind) =>
    signaturesUnder(metadata, signatureKeyOf(kind)).map((bytes) => ({ kind, bytes })),
  );
  return all.map(({ kind, bytes }, index) => {
    const [claim] = kind === 'gpg' ? signatureClaims(bytes) : [];
    return {
      number: index + 1,
      kind,
      bytes,
      ...(claim?.key === undefined ? {} : { key: claim.key }),
      ...(claim?.timestamp === undefined ? {} : { timestamp: claim.timestamp }),
    };
  });
}

/** The signatures of a commit, or of a summary and flatpak's index, numbered through. */
export function listAllSignatures(signed: readonly SignedData[]): readonly ListedSignature[] {
  return signed
    .flatMap(({ metadata, file }) =>
      listSignatures(metadata).map((one) => (file === undefined ? one : { ...one, file })),
    )
    .map((one, index) => ({ ...one, number: index + 1 }));
}

/**
 * The signatures by one key: a GPG key id or fingerprint (or its end, of 8 digits at least) by the
 * signature's claim, an ed25519 or spki public key in base64 by verifying. ERR_SIGNATURE_MISSING if there are
 * none.
 */
export function signaturesBy(signed: readonly SignedData[], key: string): readonly ListedSignature[] {
  const found = signed.flatMap(({ metadata, bytes }) =>
    listSignatures(metadata).filter((one) =>
      one.kind === 'gpg' ? isClaimed(one, key) : isMadeBy(one, bytes, key),
    ),
  );
  if (found.length > 0) return found;
  throw new TreeportError('ERR_SIGNATURE_MISSING', `${nameOfAll(signed)} has no signature by the key ${key}`);
}

/** ERR_SIGNATURE_MISSING if there is no such number. */
export function signatureNumber(signed: readonly SignedData[], number: number): ListedSignature {
  const all = listAllSignatures(signed);
  const found = all.find((one) => one.number === number);
  if (found !== undefined) return found;
  throw new TreeportError(
    'ERR_SIGNATURE_MISSING',
    `${nameOfAll(signed)} has no signature ${number}: it has ${all.length}`,
  );
}

/** Names the summary and flatpak's index, or the commit, in messages. */
export function nameOfAll([first, ...more]: readonly SignedData[]): string {
  return `${first?.name}${more.length === 0 ? '' : " with flatpak's index"}`;
}

/** The dictionary without these signatures; all else in it stays. */
export function withoutSignatures(
  metadata: MetadataDict,
  signatures: readonly ListedSignature[],
): MetadataDict {
  return SIGNATURE_KINDS.reduce((rest, kind) => {
    const removed = signatures.filter((one) => one.kind === kind);
    if (removed.length === 0) return rest;
    const isKept = (bytes: Buffer) => !removed.some((one) => one.bytes.equals(bytes));
    return keepSignatures(rest, signatureKeyOf(kind), isKept);
  }, metadata);
}

function isClaimed({ key }: ListedSignature, wanted: string): boolean {
  const id = wanted.replace(/^0x/i, '').toUpperCase();
  return /^[0-9A-F]{8,}$/.test(id) && key !== undefined && (key.endsWith(id) || id.endsWith(key));
}

function isMadeBy({ kind, bytes }: ListedSignature, data: Uint8Array, key: string): boolean {
  if (kind === 'gpg') return false;
  const engine = SIGN_ENGINES[kind];
  return engine.parsePublicKeys(key).some((one) => engine.verify(data, bytes, one.key));
}
