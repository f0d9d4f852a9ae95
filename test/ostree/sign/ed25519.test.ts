import assert from 'node:assert/strict';
import test from 'node:test';
import { ed25519 } from '../../../src/ostree/sign/ed25519.ts';
import { tempDir } from '../../e2e/support/scratch.ts';
import { unlessInstalled } from '../../support/programs.ts';
import { asEd25519Key, opensslKey, opensslSign } from '../../support/signing.ts';

/** RFC 8032, §7.1, TEST 3. */
const SEED = 'c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7';
const PUBLIC = 'fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025';
const MESSAGE = Buffer.from('af82', 'hex');
const SIGNATURE = Buffer.from(
  '6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a',
  'hex',
);

function base64(hex: string): string {
  return Buffer.from(hex, 'hex').toString('base64');
}

function publicKey() {
  const [key] = ed25519.parsePublicKeys(base64(PUBLIC));
  assert.ok(key);
  return key;
}

test('the vector of RFC 8032, verified and made', () => {
  const { id, key } = publicKey();
  assert.equal(id, base64(PUBLIC));
  assert.equal(ed25519.verify(MESSAGE, SIGNATURE, key), true);
  const secret = ed25519.parseSecretKey(base64(SEED + PUBLIC));
  assert.ok(secret);
  assert.deepEqual(ed25519.sign(MESSAGE, secret), SIGNATURE);
});

test('another message, a changed bit, a signature of another length: not valid', () => {
  const { key } = publicKey();
  assert.equal(ed25519.verify(Buffer.from('af83', 'hex'), SIGNATURE, key), false);
  const changed = Buffer.from(SIGNATURE);
  changed.writeUInt8(changed.readUInt8(5) ^ 1, 5);
  assert.equal(ed25519.verify(MESSAGE, changed, key), false);
  assert.equal(ed25519.verify(MESSAGE, SIGNATURE.subarray(0, 63), key), false);
  assert.equal(ed25519.verify(MESSAGE, Buffer.concat([SIGNATURE, Buffer.alloc(1)]), key), false);
  assert.equal(ed25519.verify(MESSAGE, Buffer.alloc(0), key), false);
});

test('a file has one key a line; lines that are no key are passed over', () => {
  const text = `# ours\n${base64(PUBLIC)}\n\nAAAA\nnot base64\n  ${base64(SEED)}  \n`;
  const ids = ed25519.parsePublicKeys(text).map(({ id }) => id);
  assert.deepEqual(ids, [base64(PUBLIC), base64(SEED)]);
});

test('only 64 bytes are a secret key', () => {
  assert.equal(ed25519.parseSecretKey(base64(SEED)), undefined);
  assert.equal(ed25519.parseSecretKey('?'), undefined);
});

test('what openssl signs is valid', { skip: unlessInstalled('openssl') }, async (t) => {
  const key = await opensslKey(await tempDir(t), ['-algorithm', 'ed25519']);
  const data = Buffer.from('a commit');
  const [trusted] = ed25519.parsePublicKeys(asEd25519Key(key).public);
  assert.ok(trusted);
  const signature = await opensslSign(key, data);
  assert.equal(ed25519.verify(data, signature, trusted.key), true);
  const secret = ed25519.parseSecretKey(asEd25519Key(key).secret);
  assert.ok(secret);
  assert.deepEqual(ed25519.sign(data, secret), signature);
});
