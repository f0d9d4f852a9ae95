import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import type { MetadataDict } from '../../../src/ostree/metadata-dict.ts';
import type { Remote } from '../../../src/ostree/remotes.ts';
import { type SigningKey, signCommit } from '../../../src/ostree/sign/sign-commit.ts';
import { withSignature } from '../../../src/ostree/sign/signatures.ts';
import type { SignedData } from '../../../src/ostree/sign/signed-commit.ts';
import { selectedEngines, verifyWithEngines } from '../../../src/ostree/sign/verify-engines.ts';
import { tempDir } from '../../e2e/support/scratch.ts';
import { repeatedChecksum } from '../../support/checksums.ts';
import { coded } from '../../support/expect.ts';
import { nodeEd25519Key, nodeSpkiKey } from '../../support/signing.ts';

const CHECKSUM = repeatedChecksum('c');
const BYTES = Buffer.from('the bytes of a commit object');
const OURS = nodeEd25519Key();
const THEIRS = nodeEd25519Key();
const RSA = nodeSpkiKey(generateKeyPairSync('rsa', { modulusLength: 2048 }));

function remoteWith(options: Readonly<Record<string, string>>): Remote {
  const config = new Map([['remote "os"', new Map(Object.entries(options))]]);
  return { name: 'os', repo: '/r', configs: [config], directories: ['/r'] };
}

function signedBy(...keys: readonly SigningKey[]): SignedData {
  const metadata = keys.reduce<MetadataDict>((dict, key) => signCommit(dict, BYTES, key), new Map());
  return { name: `commit ${CHECKSUM}`, thing: 'commit', bytes: BYTES, metadata };
}

/** Verifies with no keys of the machine but those in `directory`. */
function verify(options: Readonly<Record<string, string>>, commit: SignedData, directory = '/nonexistent') {
  const remote = remoteWith(options);
  return verifyWithEngines(remote, commit, selectedEngines(remote, commit.thing), [directory]);
}

const ED25519 = { engine: 'ed25519', secret: OURS.secret } as const;
const ED25519_THEIRS = { engine: 'ed25519', secret: THEIRS.secret } as const;
const SPKI = { engine: 'spki', secret: RSA.secret } as const;
const OPTIONS = { 'sign-verify': 'ed25519', 'verification-ed25519-key': OURS.public };

test('which engines sign-verify selects', () => {
  const names = (text: string) => {
    const { engines, named } = selectedEngines(remoteWith({ 'sign-verify': text }), 'commit');
    return [named, ...engines.map(({ name }) => name)];
  };
  assert.deepEqual(names('true'), [false, 'ed25519', 'spki']);
  assert.deepEqual(names('1'), [false, 'ed25519', 'spki']);
  assert.deepEqual(names('false'), [false]);
  assert.deepEqual(names('spki;ed25519;'), [true, 'spki', 'ed25519']);
  assert.deepEqual(selectedEngines(remoteWith({}), 'commit').engines, []);
  assert.deepEqual(selectedEngines(remoteWith({ 'sign-verify': '' }), 'commit').engines, []);
  assert.throws(
    () => names('ed25519;dummy'),
    coded('ERR_REPO_CONFIG', 'sign-verify', '"dummy"', 'ed25519, spki'),
  );
});

test('one valid signature is enough, whichever it is, with whichever key', async (t) => {
  const expected = [{ kind: 'ed25519', key: OURS.public }];
  assert.deepEqual(await verify(OPTIONS, signedBy(ED25519)), expected);
  assert.deepEqual(await verify(OPTIONS, signedBy(ED25519_THEIRS, ED25519)), expected);
  const file = join(await tempDir(t), 'keys');
  await writeFile(file, `${THEIRS.public}\n${OURS.public}\n`);
  const fromFile = { 'sign-verify': 'ed25519', 'verification-ed25519-file': file };
  assert.deepEqual(await verify(fromFile, signedBy(ED25519)), expected);
  const both = { ...OPTIONS, 'verification-ed25519-key': THEIRS.public, 'verification-ed25519-file': file };
  assert.deepEqual(await verify(both, signedBy(ED25519)), expected);
});

test('engines that are named: one of them has to be satisfied, each needs keys of the remote', async () => {
  const options = { ...OPTIONS, 'sign-verify': 'ed25519;spki', 'verification-spki-key': RSA.public };
  assert.deepEqual(await verify(options, signedBy(SPKI)), [{ kind: 'spki', key: RSA.id }]);
  assert.deepEqual(await verify(options, signedBy(ED25519_THEIRS, SPKI)), [{ kind: 'spki', key: RSA.id }]);
  const kinds = (await verify(options, signedBy(ED25519, SPKI))).map(({ kind }) => kind);
  assert.deepEqual(kinds, ['ed25519', 'spki']);
  await assert.rejects(
    verify({ ...OPTIONS, 'sign-verify': 'ed25519;spki' }, signedBy(ED25519)),
    coded('ERR_NO_KEYS', '"os"', 'spki', 'verification-spki-key'),
  );
});

test('a key that is not trusted, a changed commit, a changed signature', async () => {
  await assert.rejects(
    verify(OPTIONS, signedBy(ED25519_THEIRS)),
    coded('ERR_SIGNATURE_BAD', CHECKSUM, '"os"'),
  );
  await assert.rejects(
    verify(OPTIONS, { ...signedBy(ED25519), bytes: Buffer.from('others') }),
    coded('ERR_SIGNATURE_BAD', 'BAD signature'),
  );
  const metadata = withSignature(new Map(), 'ostree.sign.ed25519', Buffer.alloc(64));
  await assert.rejects(
    verify(OPTIONS, { name: `commit ${CHECKSUM}`, thing: 'commit', bytes: BYTES, metadata }),
    coded('ERR_SIGNATURE_BAD'),
  );
});

test('no signature, or one of another kind or type', async () => {
  const missing = coded('ERR_SIGNATURE_MISSING', CHECKSUM, 'ed25519', '"os"');
  await assert.rejects(verify(OPTIONS, signedBy()), missing);
  await assert.rejects(verify(OPTIONS, signedBy(SPKI)), missing);
  const text: MetadataDict = new Map([['ostree.sign.ed25519', { type: 's', value: 'signature' }]]);
  await assert.rejects(
    verify(OPTIONS, { name: `commit ${CHECKSUM}`, thing: 'commit', bytes: BYTES, metadata: text }),
    missing,
  );
});

test('options without a usable key', async (t) => {
  const folder = await tempDir(t);
  const noFile = { 'sign-verify': 'true', 'verification-ed25519-file': join(folder, 'absent') };
  await assert.rejects(verify(noFile, signedBy(ED25519)), coded('ERR_NO_KEYS', join(folder, 'absent')));
  await writeFile(join(folder, 'empty'), 'no key\n');
  const noKey = { 'sign-verify': 'true', 'verification-ed25519-file': join(folder, 'empty') };
  await assert.rejects(
    verify(noKey, signedBy(ED25519)),
    coded('ERR_NO_KEYS', join(folder, 'empty'), '32 bytes'),
  );
  await assert.rejects(
    verify({ ...OPTIONS, 'verification-ed25519-key': RSA.public }, signedBy(ED25519)),
    coded('ERR_NO_KEYS', 'verification-ed25519-key'),
  );
  await assert.rejects(
    verify({ 'sign-verify': 'true' }, signedBy(ED25519)),
    coded('ERR_NO_KEYS', 'ed25519', '"os"'),
  );
});

test("the machine's keys serve remotes that have none; revoked ones never count", async (t) => {
  const folder = await machineKeys(t);
  const options = { 'sign-verify': 'true' };
  assert.deepEqual(await verify(options, signedBy(ED25519), folder), [{ kind: 'ed25519', key: OURS.public }]);
  assert.deepEqual(await verify(options, signedBy(SPKI), folder), [{ kind: 'spki', key: RSA.id }]);

  await mkdir(join(folder, 'revoked.ed25519.d'));
  await writeFile(join(folder, 'revoked.ed25519.d', 'lost'), `${OURS.public}\n`);
  const revoked = coded('ERR_SIGNATURE_REVOKED', OURS.public, CHECKSUM, '"os"');
  await assert.rejects(verify(options, signedBy(ED25519), folder), revoked);
  await assert.rejects(verify(OPTIONS, signedBy(ED25519), folder), revoked);
  assert.deepEqual(await verify(options, signedBy(ED25519, SPKI), folder), [{ kind: 'spki', key: RSA.id }]);
});

async function machineKeys(t: TestContext): Promise<string> {
  const folder = await tempDir(t);
  await writeFile(join(folder, 'trusted.ed25519'), `${THEIRS.public}\n`);
  await mkdir(join(folder, 'trusted.ed25519.d'));
  await writeFile(join(folder, 'trusted.ed25519.d', 'ours'), `${OURS.public}\n`);
  await writeFile(join(folder, 'trusted.spki'), RSA.publicPem);
  return folder;
}
