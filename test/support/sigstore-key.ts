/**
 * A private key as cosign and skopeo store it: ECDSA P-256 as PKCS#8, encrypted by NaCl's secretbox
 * (XSalsa20 and Poly1305) under a key that scrypt makes of the passphrase, in JSON, in PEM.
 */
import { generateKeyPairSync, randomBytes, scryptSync } from 'node:crypto';

export type SigstoreKey = { readonly secret: string; readonly publicPem: string };

const SCRYPT = { N: 32768, r: 8, p: 1 } as const;

export function sigstoreKey(passphrase: string): SigstoreKey {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const [salt, nonce] = [randomBytes(32), randomBytes(24)];
  const key = scryptSync(passphrase, salt, 32, { ...SCRYPT, maxmem: 128 * 1024 * 1024 });
  const plain = privateKey.export({ format: 'der', type: 'pkcs8' });
  const document = JSON.stringify({
    kdf: { name: 'scrypt', params: SCRYPT, salt: salt.toString('base64') },
    cipher: { name: 'nacl/secretbox', nonce: nonce.toString('base64') },
    ciphertext: secretbox(plain, nonce, key).toString('base64'),
  });
  const type = 'ENCRYPTED COSIGN PRIVATE KEY';
  const lines = Buffer.from(document).toString('base64').replaceAll(/.{64}/g, '$&\n');
  return {
    secret: `-----BEGIN ${type}-----\n${lines}\n-----END ${type}-----\n`,
    publicPem: publicKey.export({ format: 'pem', type: 'spki' }).toString(),
  };
}

function secretbox(plain: Buffer, nonce: Buffer, key: Buffer): Buffer {
  const subkey = hsalsa20(key, nonce.subarray(0, 16));
  const stream = salsa20(subkey, nonce.subarray(16), 32 + plain.length);
  const sealed = Buffer.from(plain.map((byte, index) => byte ^ (stream[32 + index] as number)));
  return Buffer.concat([poly1305(sealed, stream.subarray(0, 32)), sealed]);
}

const SIGMA = Buffer.from('expand 32-byte k');
/** Quarter rounds: four on the columns, four on the rows. */
const ROUNDS = [
  [0, 4, 8, 12],
  [5, 9, 13, 1],
  [10, 14, 2, 6],
  [15, 3, 7, 11],
  [0, 1, 2, 3],
  [5, 6, 7, 4],
  [10, 11, 8, 9],
  [15, 12, 13, 14],
] as const;

function initial(key: Buffer, input: Buffer): Uint32Array {
  const word = (bytes: Buffer, index: number) => bytes.readUInt32LE(4 * index);
  const state = new Uint32Array(16);
  for (let index = 0; index < 4; index += 1) {
    state[5 * index] = word(SIGMA, index);
    state[1 + index] = word(key, index);
    state[6 + index] = word(input, index);
    state[11 + index] = word(key, 4 + index);
  }
  return state;
}

function rounds(start: Uint32Array): Uint32Array {
  const x = Uint32Array.from(start);
  const mix = (to: number, one: number, two: number, by: number) => {
    const sum = ((x[one] as number) + (x[two] as number)) >>> 0;
    x[to] = (x[to] as number) ^ ((sum << by) | (sum >>> (32 - by)));
  };
  for (let round = 0; round < 10; round += 1) {
    for (const [a, b, c, d] of ROUNDS) {
      mix(b, a, d, 7);
      mix(c, b, a, 9);
      mix(d, c, b, 13);
      mix(a, d, c, 18);
    }
  }
  return x;
}

function hsalsa20(key: Buffer, input: Buffer): Buffer {
  const x = rounds(initial(key, input));
  const out = Buffer.alloc(32);
  for (const [index, from] of [0, 5, 10, 15, 6, 7, 8, 9].entries())
    out.writeUInt32LE(x[from] as number, 4 * index);
  return out;
}

function salsa20(key: Buffer, nonce: Buffer, length: number): Buffer {
  const blocks: Buffer[] = [];
  for (let counter = 0; 64 * counter < length; counter += 1) {
    const input = Buffer.alloc(16);
    nonce.copy(input);
    input.writeUInt32LE(counter, 8);
    const start = initial(key, input);
    const block = Buffer.alloc(64);
    for (const [index, word] of rounds(start).entries())
      block.writeUInt32LE((word + (start[index] as number)) >>> 0, 4 * index);
    blocks.push(block);
  }
  return Buffer.concat(blocks);
}

function poly1305(message: Buffer, key: Buffer): Buffer {
  const number = (bytes: Buffer) => BigInt(`0x${Buffer.from(bytes).reverse().toString('hex') || '0'}`);
  const r = number(key.subarray(0, 16)) & 0x0ffffffc0ffffffc0ffffffc0fffffffn;
  const p = 2n ** 130n - 5n;
  let sum = 0n;
  for (let at = 0; at < message.length; at += 16) {
    const part = Buffer.concat([message.subarray(at, at + 16), Buffer.of(1)]);
    sum = ((sum + number(part)) * r) % p;
  }
  const tag = (sum + number(key.subarray(16, 32))) % 2n ** 128n;
  return Buffer.from(tag.toString(16).padStart(32, '0'), 'hex').reverse();
}
