/**
 * Engine `ed25519`: signatures of 64 bytes, public keys of 32 in base64, secret keys of 64 (seed, then public
 * key) in base64; in files one key a line.
 */
import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign,
  verify,
} from 'node:crypto';
import { base64Bytes, type PublicKey, type SignEngine } from './engine.ts';

const SIGNATURE_BYTES = 64;
const PUBLIC_BYTES = 32;
const SECRET_BYTES = 64;
const SEED_BYTES = 32;

/** DER prefixes of the raw bytes in SubjectPublicKeyInfo and PKCS#8 (RFC 8410). */
const SPKI_PREFIX = Buffer.from('302a300506032b6570032100', 'hex');
const PKCS8_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex');

export const ed25519: SignEngine = {
  name: 'ed25519',
  metadataKey: 'ostree.sign.ed25519',
  keyForm: 'base64 of 32 bytes',
  parsePublicKeys: (text) => text.split('\n').flatMap((line) => publicKey(line) ?? []),
  parseSecretKey: secretKey,
  verify: (data, signature, key) =>
    signature.length === SIGNATURE_BYTES && verify(null, data, key, signature),
  sign: (data, secret) => sign(null, data, secret),
};

function publicKey(line: string): PublicKey | undefined {
  const raw = base64Bytes(line);
  if (raw?.length !== PUBLIC_BYTES) return undefined;
  const key = createPublicKey({ key: Buffer.concat([SPKI_PREFIX, raw]), format: 'der', type: 'spki' });
  return { id: raw.toString('base64'), key };
}

/** Undefined also if the public key is not the seed's, because nobody could verify the signatures. */
function secretKey(text: string): KeyObject | undefined {
  const raw = base64Bytes(text);
  if (raw?.length !== SECRET_BYTES) return undefined;
  const key = Buffer.concat([PKCS8_PREFIX, raw.subarray(0, SEED_BYTES)]);
  const secret = createPrivateKey({ key, format: 'der', type: 'pkcs8' });
  return publicBytes(secret).equals(raw.subarray(SEED_BYTES)) ? secret : undefined;
}

/** The public key that belongs to a secret one: the 32 bytes at the end of its DER form. */
function publicBytes(secret: KeyObject): Buffer {
  return createPublicKey(secret).export({ format: 'der', type: 'spki' }).subarray(-PUBLIC_BYTES);
}

export type Ed25519Pair = {
  /** Base64 of 64 bytes. */
  readonly secret: string;
  /** Base64 of 32 bytes. */
  readonly public: string;
};

/** A new key, in the form of key files. */
export function newEd25519Pair(): Ed25519Pair {
  const { privateKey } = generateKeyPairSync('ed25519');
  const seed = privateKey.export({ format: 'der', type: 'pkcs8' }).subarray(-SEED_BYTES);
  const open = publicBytes(privateKey);
  return { secret: Buffer.concat([seed, open]).toString('base64'), public: open.toString('base64') };
}
