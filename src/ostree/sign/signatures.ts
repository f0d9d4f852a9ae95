/** Signatures in the detached metadata of a commit: under a key for each kind, a list of byte strings (`aay`). */
import { variant } from '../../gvariant/index.ts';
import type { MetadataDict } from '../metadata-dict.ts';

/** The key of GPG signatures: each is binary, detached, over the bytes of the commit object. */
export const GPG_SIGNATURES = 'ostree.gpgsigs';

const SIGNATURES_TYPE = 'aay';

/** The signatures under a key; none if it is absent or of another type. */
export function signaturesUnder(metadata: MetadataDict, key: string): readonly Buffer[] {
  const found = metadata.get(key);
  return found?.type === SIGNATURES_TYPE ? (found.value as readonly Buffer[]) : [];
}

/** The metadata with one signature more under the key. */
export function withSignature(metadata: MetadataDict, key: string, signature: Uint8Array): MetadataDict {
  const signatures = [...signaturesUnder(metadata, key), signature];
  return new Map([...metadata, [key, variant(SIGNATURES_TYPE, signatures)]]);
}
