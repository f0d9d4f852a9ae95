import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import { ed25519 } from '../../../src/ostree/sign/ed25519.ts';
import { signersInFile } from '../../../src/ostree/sign/key-file.ts';
import { parseSignerSpec } from '../../../src/ostree/sign/signer-spec.ts';
import { tempDir } from '../../e2e/support/scratch.ts';
import { coded } from '../../support/expect.ts';
import { nodeEd25519Key, nodeSpkiKey } from '../../support/signing.ts';

const DATA = Buffer.from('data');

test('each line of an ed25519 file is a key; comments and empty lines are skipped', async (t) => {
  const file = join(await tempDir(t), 'keys');
  const keys = [nodeEd25519Key(), nodeEd25519Key()];
  await writeFile(file, `# ours\n\n${keys.map(({ secret }) => `  ${secret}`).join('\n')}\n`);
  const signers = signersInFile('ed25519', file);
  assert.equal(signers.length, 2);
  for (const [index, signer] of signers.entries()) {
    const [key] = ed25519.parsePublicKeys(keys[index]?.public ?? '');
    assert.ok(key && ed25519.verify(DATA, await signer.sign(DATA, 'commit'), key.key));
  }
});

test('files that cannot be used, told without their contents', async (t) => {
  const folder = await tempDir(t);
  const file = join(folder, 'keys');
  const ours = nodeEd25519Key();
  const [seed, other] = [ours.secret, nodeEd25519Key().secret].map((text) => Buffer.from(text, 'base64'));
  assert.ok(seed && other);
  const mixed = Buffer.concat([seed.subarray(0, 32), other.subarray(32)]).toString('base64');
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const pem = nodeSpkiKey({ publicKey, privateKey });
  const encrypted = privateKey
    .export({ format: 'pem', type: 'pkcs8', cipher: 'aes-256-cbc', passphrase: 'x' })
    .toString();
  for (const [engine, text, why] of [
    ['ed25519', '', 'no key'],
    ['ed25519', ours.public, 'public key'],
    ['ed25519', mixed, 'seed'],
    ['ed25519', pem.secret, 'PEM'],
    ['ed25519', `${ours.secret}\n!`, 'line 2'],
    ['spki', pem.publicPem, 'only public'],
    ['spki', encrypted, '--sign-command'],
    ['spki', ours.public, 'spki'],
  ] as const) {
    await writeFile(file, text);
    assert.throws(
      () => signersInFile(engine, file),
      (error: Error) => coded('ERR_SIGNING_KEY', file, why)(error) && !error.message.includes(ours.secret),
      why,
    );
  }
  assert.throws(() => signersInFile('spki', folder), coded('ERR_SIGNING_KEY', folder));
  assert.throws(() => signersInFile('spki', join(folder, 'none')), coded('ERR_SIGNING_KEY', 'no such file'));
});

test('keys in one line', async (t) => {
  const file = join(await tempDir(t), 'keys');
  await writeFile(file, nodeEd25519Key().secret);
  assert.deepEqual(
    parseSignerSpec(`ed25519=file:${file}`, '--sign').map(({ kind }) => kind),
    ['ed25519'],
  );
  assert.equal(parseSignerSpec('gpg=command:a=b:c', '--sign')[0]?.kind, 'gpg');
  for (const text of ['', 'ed25519', 'ed25519:file=x', 'rsa=file:x', 'gpg=file:x', 'spki=command:'])
    assert.throws(() => parseSignerSpec(text, '--sign'), coded('ERR_USAGE', '--sign'));
});
