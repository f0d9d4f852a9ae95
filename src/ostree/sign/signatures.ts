/**
 * Signatures in the detached metadata of a commit: under a key for each kind, a list of byte strings (`aay`).
 */
import { TreeportError } from '../../base/errors.ts';
import { variant } from '../../gvariant/index.ts';
import { dictView, type MetadataDict } from '../metadata-dict.ts';

/** The key of GPG signatures: each is binary, detached, over the bytes of the commit object. */
export const GPG_SIGNATURES = 'ostree.gpgsigs';

const SIGNATURES_TYPE = 'aay';
/** Bounded, because each signature takes time to verify. */
const MAX_SIGNATURES = 1000;

/** The signatures under a key; none if it is absent or of another type. ERR_VARIANT if there are too many. */
export function signaturesUnder(metadata: MetadataDict, key: string): readonly Buffer[] {
  const found = dictView(metadata, key, SIGNATURES_TYPE);
  if (found === undefined) return [];
  if (found.length > MAX_SIGNATURES)
    throw new TreeportError(
      'ERR_VARIANT',
      `${key} holds ${found.length} signatures, more than ${MAX_SIGNATURES}`,
    );
  return Array.from(found, ({ bytes }) => bytes);
}

/** Adds one signature under the key. */
export function withSignature(metadata: MetadataDict, key: string, signature: Uint8Array): MetadataDict {
  const signatures = [...signaturesUnder(metadata, key), signature];
  return new Map([...metadata, [key, variant(SIGNATURES_TYPE, signatures)]]);
}

/** Keeps only the signatures under the key that `isKept` accepts; drops the key with the last of them. */
export function keepSignatures(
  metadata: MetadataDict,
  key: string,
  isKept: (signature: Buffer) => boolean,
): MetadataDict {
  const kept = signaturesUnder(metadata, key).filter((signature) => isKept(signature));
  const rest = new Map(metadata);
  if (kept.length === 0) rest.delete(key);
  else rest.set(key, variant(SIGNATURES_TYPE, kept));
  return rest;
}
