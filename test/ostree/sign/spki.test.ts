import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import test from 'node:test';
import { spki } from '../../../src/ostree/sign/spki.ts';
import { tempDir } from '../../e2e/support/scratch.ts';
import { unlessInstalled } from '../../support/programs.ts';
import { opensslKey, opensslSign, opensslVerifies } from '../../support/signing.ts';

const DATA = Buffer.from('the bytes of a commit');

const KEY_TYPES = {
  'RSA 2048': ['-algorithm', 'RSA', '-pkeyopt', 'rsa_keygen_bits:2048'],
  'ECDSA P-256': ['-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256'],
  'ECDSA P-521': ['-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-521'],
  Ed25519: ['-algorithm', 'ed25519'],
};

for (const [name, words] of Object.entries(KEY_TYPES)) {
  test(`${name}: the same signatures as openssl's`, { skip: unlessInstalled('openssl') }, async (t) => {
    const key = await opensslKey(await tempDir(t), words);
    const [trusted] = spki.parsePublicKeys(key.public);
    assert.ok(trusted);
    assert.equal(trusted.id, `sha256:${createHash('sha256').update(key.publicDer).digest('hex')}`);
    const [inline] = spki.parsePublicKeys(key.publicDer.toString('base64'));
    assert.equal(inline?.id, trusted.id);

    const signature = await opensslSign(key, DATA);
    assert.equal(spki.verify(DATA, signature, trusted.key), true);
    assert.equal(spki.verify(Buffer.from('others'), signature, trusted.key), false);
    assert.equal(spki.verify(DATA, signature.subarray(0, -1), trusted.key), false);
    assert.equal(spki.verify(DATA, Buffer.from('no signature'), trusted.key), false);
    assert.equal(spki.verify(DATA, Buffer.alloc(0), trusted.key), false);

    for (const text of [key.secret, key.secretDer.toString('base64')]) {
      const secret = spki.parseSecretKey(text);
      assert.ok(secret);
      assert.equal(await opensslVerifies(key, DATA, spki.sign(DATA, secret)), true);
    }
  });
}

test('a file may hold several keys and words around them', {
  skip: unlessInstalled('openssl'),
}, async (t) => {
  const folder = await tempDir(t);
  const one = await opensslKey(folder, KEY_TYPES.Ed25519);
  const two = await opensslKey(folder, KEY_TYPES['ECDSA P-256']);
  const broken = one.public.replace(/\n[^-\n]{8}/, '\nAAAAAAAA');
  const keys = spki.parsePublicKeys(`# first\n${one.public}\n${broken}\nsecond\n${two.public}`);
  assert.equal(keys.length, 2);
  assert.notEqual(keys[0]?.id, keys[1]?.id);
});

test('a secret key is no public key, nor is nonsense either', {
  skip: unlessInstalled('openssl'),
}, async (t) => {
  const key = await opensslKey(await tempDir(t), KEY_TYPES.Ed25519);
  assert.deepEqual(spki.parsePublicKeys(key.secret), []);
  assert.deepEqual(spki.parsePublicKeys('AAAA'), []);
  assert.equal(spki.parseSecretKey('AAAA'), undefined);
  assert.equal(spki.parseSecretKey(key.public), undefined);
  assert.equal(spki.parseSecretKey('?'), undefined);
});
