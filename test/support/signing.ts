/** Keys and signatures made with openssl, the reference for the engines of libostree's sign API. */
import { createHash, generateKeyPairSync, type KeyPairKeyObjectResult, randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { must } from '../e2e/support/run.ts';

export type OpensslKey = {
  /** File with the secret key (PEM, PKCS#8). */
  readonly secretFile: string;
  /** PEM. */
  readonly secret: string;
  /** PEM SubjectPublicKeyInfo. */
  readonly public: string;
  /** DER SubjectPublicKeyInfo. */
  readonly publicDer: Buffer;
  /** DER PKCS#8. */
  readonly secretDer: Buffer;
};

/** `words` select the key type: `['-algorithm', 'ed25519']`. */
export async function opensslKey(folder: string, words: readonly string[]): Promise<OpensslKey> {
  const secretFile = join(folder, `${randomBytes(4).toString('hex')}.pem`);
  await must(['openssl', 'genpkey', ...words, '-out', secretFile]);
  await must(['openssl', 'pkey', '-in', secretFile, '-pubout', '-out', `${secretFile}.pub`]);
  await must([
    'openssl',
    'pkey',
    '-in',
    secretFile,
    '-pubout',
    '-outform',
    'DER',
    '-out',
    `${secretFile}.pub.der`,
  ]);
  const pkcs8 = ['-topk8', '-nocrypt', '-outform', 'DER', '-out', `${secretFile}.der`];
  await must(['openssl', 'pkcs8', '-in', secretFile, ...pkcs8]);
  return {
    secretFile,
    secret: await readFile(secretFile, 'utf8'),
    public: await readFile(`${secretFile}.pub`, 'utf8'),
    publicDer: await readFile(`${secretFile}.pub.der`),
    secretDer: await readFile(`${secretFile}.der`),
  };
}

/** A one-shot signature over the data, with the default digest of the key type. */
export async function opensslSign(key: OpensslKey, data: Uint8Array): Promise<Buffer> {
  const file = `${key.secretFile}.data`;
  await writeFile(file, data);
  await must([
    'openssl',
    'pkeyutl',
    '-sign',
    '-rawin',
    '-inkey',
    key.secretFile,
    '-in',
    file,
    '-out',
    `${file}.sig`,
  ]);
  return readFile(`${file}.sig`);
}

/** True if openssl accepts the signature. */
export async function opensslVerifies(
  key: OpensslKey,
  data: Uint8Array,
  signature: Uint8Array,
): Promise<boolean> {
  const file = `${key.secretFile}.check`;
  await writeFile(file, data);
  await writeFile(`${file}.sig`, signature);
  const words = ['-verify', '-rawin', '-inkey', key.secretFile, '-in', file, '-sigfile', `${file}.sig`];
  return must(['openssl', 'pkeyutl', ...words]).then(
    () => true,
    () => false,
  );
}

export type Ed25519Key = {
  /** As libostree writes them: base64 of 32 and of 64 bytes. */
  readonly public: string;
  readonly secret: string;
};

/** The raw keys at the ends of openssl's DER forms. */
export function asEd25519Key(key: OpensslKey): Ed25519Key {
  const raw = key.publicDer.subarray(-32);
  return {
    public: raw.toString('base64'),
    secret: Buffer.concat([key.secretDer.subarray(-32), raw]).toString('base64'),
  };
}

/** A key as libostree writes it, made by node:crypto. */
export function nodeEd25519Key(): Ed25519Key {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const raw = publicKey.export({ format: 'der', type: 'spki' }).subarray(-32);
  const seed = privateKey.export({ format: 'der', type: 'pkcs8' }).subarray(-32);
  return { public: raw.toString('base64'), secret: Buffer.concat([seed, raw]).toString('base64') };
}

export type SpkiKey = {
  /** Base64 of the DER form. */
  readonly public: string;
  readonly publicPem: string;
  /** PEM. */
  readonly secret: string;
  /** Its name in treeport. */
  readonly id: string;
};

export function nodeSpkiKey({ publicKey, privateKey }: KeyPairKeyObjectResult): SpkiKey {
  const der = publicKey.export({ format: 'der', type: 'spki' });
  return {
    public: der.toString('base64'),
    publicPem: publicKey.export({ format: 'pem', type: 'spki' }).toString(),
    secret: privateKey.export({ format: 'pem', type: 'pkcs8' }).toString(),
    id: `sha256:${createHash('sha256').update(der).digest('hex')}`,
  };
}
