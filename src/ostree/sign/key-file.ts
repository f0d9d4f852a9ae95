/**
 * Files of secret keys, as `ostree sign --keys-file` reads them: for ed25519 one key a line, base64 of 64
 * bytes; for spki a PEM file of private keys, or base64 of their PKCS#8 DER form, one a line. Empty lines and
 * lines that begin with `#` are skipped. No message quotes the contents.
 */
import { messageOf, TreeportError } from '../../base/errors.ts';
import { readRegularFile } from '../../base/open-beneath.ts';
import { MAX_KEYFILE_BYTES } from '../limits.ts';
import { base64Bytes, type EngineName } from './engine.ts';
import { SIGN_ENGINES } from './engines.ts';
import type { Signer } from './signer.ts';

const PRIVATE_PEM = /-----BEGIN ([A-Z0-9 ]*)PRIVATE KEY-----[^-]*-----END \1PRIVATE KEY-----/g;
const PEM = '-----BEGIN';
const ED25519_PUBLIC_BYTES = 32;

/** A signer for each key in the file, one or more; ERR_SIGNING_KEY. */
export function signersInFile(engine: EngineName, path: string): readonly Signer[] {
  const text = readText(path);
  const keys = text.includes(PEM) ? pemKeys(engine, path, text) : lineKeys(path, text);
  if (keys.length === 0) throw badFile(path, 'it holds no key');
  return keys.map(({ where, secret }) => signerOf(engine, secret, where));
}

type FoundKey = { readonly where: string; readonly secret: string };

function pemKeys(engine: EngineName, path: string, text: string): readonly FoundKey[] {
  if (engine === 'ed25519')
    throw badFile(path, 'it is a PEM file, which is for --sign-type spki; ed25519 keys are lines of base64');
  const keys = [...text.matchAll(PRIVATE_PEM)].map(([secret]) => ({ where: path, secret }));
  if (keys.length === 0) throw badFile(path, 'it holds no private key, only public keys or certificates');
  return keys;
}

function lineKeys(path: string, text: string): readonly FoundKey[] {
  return text.split('\n').flatMap((line, index) => {
    const secret = line.trim();
    return secret === '' || secret.startsWith('#') ? [] : [{ where: `${path}, line ${index + 1}`, secret }];
  });
}

function signerOf(kind: EngineName, text: string, where: string): Signer {
  const engine = SIGN_ENGINES[kind];
  const secret = engine.parseSecretKey(text);
  if (secret === undefined) throw badFile(where, `it is not a secret key for ${kind}${hint(kind, text)}`);
  return { kind, sign: async (data) => engine.sign(data, secret) };
}

function hint(kind: EngineName, text: string): string {
  if (text.includes('ENCRYPTED'))
    return ': the key is encrypted; let a command sign with it (--sign-command)';
  if (kind !== 'ed25519') return ' (PEM, or base64 of its PKCS#8 form)';
  if (base64Bytes(text)?.length === ED25519_PUBLIC_BYTES) return ': it is a public key';
  return ' (base64 of 64 bytes, the seed and the public key that belongs to it)';
}

function readText(path: string): string {
  try {
    const bytes = readRegularFile(path, MAX_KEYFILE_BYTES);
    if (bytes !== undefined) return bytes.toString('utf8');
  } catch (error) {
    throw badFile(path, `it cannot be read: ${messageOf(error)}`);
  }
  throw badFile(path, 'there is no such file');
}

function badFile(where: string, why: string): TreeportError {
  return new TreeportError('ERR_SIGNING_KEY', `cannot sign with the keys in ${where}: ${why}`);
}
