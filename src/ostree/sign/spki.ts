/**
 * Engine `spki` (libostree 2025.2): any key that has a SubjectPublicKeyInfo; one-shot signatures with the key
 * type's default digest. Keys are PEM in files and base64 of DER in options; both forms are accepted in both.
 *
 * A signature that OpenSSL cannot parse counts as invalid.
 */
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  type KeyObject,
  type PrivateKeyInput,
  sign,
  verify,
} from 'node:crypto';
import { base64Bytes, type PublicKey, type SignEngine } from './engine.ts';

const PEM_BLOCK = /-----BEGIN PUBLIC KEY-----[^-]*-----END PUBLIC KEY-----/g;

export const spki: SignEngine = {
  name: 'spki',
  metadataKey: 'ostree.sign.spki',
  keyForm: 'PEM "PUBLIC KEY", or base64 of its DER form',
  parsePublicKeys(text) {
    if (text.includes('-----BEGIN')) return [...text.matchAll(PEM_BLOCK)].flatMap(([pem]) => publicKey(pem));
    return text
      .split('\n')
      .flatMap((line) => base64Bytes(line) ?? [])
      .flatMap((key) => publicKey({ key, format: 'der', type: 'spki' }));
  },
  parseSecretKey(text) {
    if (text.includes('-----BEGIN')) return secretKey({ key: text, format: 'pem' });
    const key = base64Bytes(text);
    return key === undefined ? undefined : secretKey({ key, format: 'der', type: 'pkcs8' });
  },
  verify(data, signature, key) {
    try {
      return verify(undefined, data, key, signature);
    } catch {
      return false;
    }
  },
  sign: (data, secret) => sign(undefined, data, secret),
};

function publicKey(input: Parameters<typeof createPublicKey>[0]): readonly PublicKey[] {
  try {
    const key = createPublicKey(input);
    const der = key.export({ format: 'der', type: 'spki' });
    return [{ id: `sha256:${createHash('sha256').update(der).digest('hex')}`, key }];
  } catch {
    return [];
  }
}

function secretKey(input: PrivateKeyInput): KeyObject | undefined {
  try {
    return createPrivateKey(input);
  } catch {
    return undefined;
  }
}
