/**
 * Signature engines of libostree's "sign API". A signature is raw bytes over the bytes of a commit object,
 * kept as `aay` under the engine's key in the commit's detached metadata. It does not name its key, so a
 * verifier tries every key it trusts.
 */
import type { KeyObject } from 'node:crypto';

export type EngineName = 'ed25519' | 'spki';

export type PublicKey = {
  /** Names the key in reports: for ed25519 the key itself in base64, for spki the SHA-256 of its DER form. */
  readonly id: string;
  readonly key: KeyObject;
};

export type SignEngine = {
  readonly name: EngineName;
  readonly metadataKey: string;
  /** What a public key looks like, for messages. */
  readonly keyForm: string;
  /** The public keys in the text of an option or file. Skips invalid lines, as libostree does. */
  parsePublicKeys(text: string): readonly PublicKey[];
  /** Undefined if the text is not a secret key of this engine. */
  parseSecretKey(text: string): KeyObject | undefined;
  verify(data: Uint8Array, signature: Uint8Array, key: KeyObject): boolean;
  sign(data: Uint8Array, secret: KeyObject): Buffer;
};

/** Decodes a line of base64; undefined if it is not base64. */
export function base64Bytes(line: string): Buffer | undefined {
  const text = line.trim();
  return /^[A-Za-z0-9+/]+={0,2}$/.test(text) ? Buffer.from(text, 'base64') : undefined;
}
