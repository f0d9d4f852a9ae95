/** Signs a commit in memory with a secret key in memory; signer.ts has signers of every kind. */
import { TreeportError } from '../../base/errors.ts';
import type { MetadataDict } from '../metadata-dict.ts';
import type { EngineName } from './engine.ts';
import { SIGN_ENGINES } from './engines.ts';
import { withSignature } from './signatures.ts';

export type SigningKey = {
  readonly engine: EngineName;
  /**
   * ed25519: base64 of 64 bytes, seed and public key. spki: a private key as PEM, or base64 of its PKCS#8 DER
   * form.
   */
  readonly secret: string;
};

/**
 * Adds a signature of the commit to the detached metadata; ERR_SIGNING_KEY if the key is not valid for the
 * engine.
 */
export function signCommit(metadata: MetadataDict, commitBytes: Uint8Array, key: SigningKey): MetadataDict {
  const engine = SIGN_ENGINES[key.engine];
  const secret = engine.parseSecretKey(key.secret);
  if (secret === undefined)
    throw new TreeportError('ERR_SIGNING_KEY', `the secret key is not one for ${key.engine} signatures`);
  return withSignature(metadata, engine.metadataKey, engine.sign(commitBytes, secret));
}
