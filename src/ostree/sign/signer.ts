/**
 * Signers: make signatures of one kind over bytes, and add them to a dictionary of signatures: the detached
 * metadata of a commit, or `summary.sig`. How a signer gets at its key is its own affair: a key file
 * (key-file.ts), a command (sign-command.ts), or gpg through libostree.
 */
import type { MetadataDict } from '../metadata-dict.ts';
import type { EngineName } from './engine.ts';
import { SIGN_ENGINES } from './engines.ts';
import { GPG_SIGNATURES, signaturesUnder, withSignature } from './signatures.ts';

export type SignatureKind = 'gpg' | EngineName;

export const SIGNATURE_KINDS: readonly SignatureKind[] = ['gpg', 'ed25519', 'spki'];

export type Signer = {
  readonly kind: SignatureKind;
  /** The raw signature over the bytes. `what` names them: `commit <checksum>`, `summary` or `summary.idx`. */
  sign(data: Uint8Array, what: string): Promise<Uint8Array>;
};

/** The key in the dictionary under which signatures of this kind are. */
export function signatureKeyOf(kind: SignatureKind): string {
  return kind === 'gpg' ? GPG_SIGNATURES : SIGN_ENGINES[kind].metadataKey;
}

/**
 * Adds a signature by each signer, one after the other, because a token may ask for a touch each time. A
 * signature that is there already is not added again. Rejects with the errors of the signers.
 */
export async function addSignatures(
  metadata: MetadataDict,
  data: Uint8Array,
  { signers, what }: { readonly signers: readonly Signer[]; readonly what: string },
): Promise<MetadataDict> {
  let signed = metadata;
  for (const signer of signers) {
    const signature = Buffer.from(await signer.sign(data, what));
    const key = signatureKeyOf(signer.kind);
    if (signaturesUnder(signed, key).some((known) => signature.equals(known))) continue;
    signed = withSignature(signed, key, signature);
  }
  return signed;
}
