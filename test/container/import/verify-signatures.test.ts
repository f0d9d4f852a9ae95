import assert from 'node:assert/strict';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { verifyCommitSignatures } from '../../../src/container/import/verify-signatures.ts';
import type { Checksum } from '../../../src/ostree/checksum.ts';
import { type MetadataDict, parseDict, serializeDict } from '../../../src/ostree/metadata-dict.ts';
import { loosePath } from '../../../src/ostree/object-name.ts';
import { signCommit } from '../../../src/ostree/sign/sign-commit.ts';
import { GPG_SIGNATURES, signaturesUnder, withSignature } from '../../../src/ostree/sign/signatures.ts';
import { type GpgKey, gpgSign, makeGpgKey, revokeGpgKey, stopAgent } from '../../e2e/support/gpg.ts';
import { must } from '../../e2e/support/run.ts';
import { shared, tempDir } from '../../e2e/support/scratch.ts';
import { coded } from '../../support/expect.ts';
import { commitDirectory, initRepo } from '../../support/ostree-repos.ts';
import { unlessInstalled } from '../../support/programs.ts';
import { nodeEd25519Key } from '../../support/signing.ts';

const skip = unlessInstalled('ostree', 'gpg');

type Signed = {
  readonly repo: string;
  readonly commit: Checksum;
  readonly key: GpgKey;
};

/** A repository with a commit that `ostree` signed, and no remote. */
function signedCommit(): Promise<Signed> {
  return shared('signed-commit', async (folder) => {
    const key = await makeGpgKey(folder);
    const repo = await initRepo(join(folder, 'repo'), 'archive');
    const tree = join(folder, 'tree');
    await mkdir(tree);
    const words = [`--gpg-sign=${key.id}`, `--gpg-homedir=${key.home}`];
    const commit = await commitDirectory(repo, tree, { words });
    await stopAgent(key.home);
    return { repo, commit, key };
  });
}

type Case = Signed & {
  /** The repository that the commit would go to. */
  readonly target: string;
  readonly bytes: Buffer;
  readonly metadata: Buffer;
};

/** With a repository that has the remote `os` with these options, and imported `keys`. */
async function setUp(
  t: TestContext,
  keys: readonly GpgKey[],
  options: Readonly<Record<string, string>> = {},
): Promise<Case> {
  const signed = await signedCommit();
  // In place of the machine's own keys.
  process.env.OSTREE_GPG_HOME = await tempDir(t);
  const target = await initRepo(join(await tempDir(t), 'target'), 'archive');
  const words = Object.entries(options).map(([key, value]) => `--set=${key}=${value}`);
  const remote = ['ostree', `--repo=${target}`, 'remote'];
  await must([...remote, 'add', ...words, 'os', 'http://127.0.0.1/']);
  for (const { publicKey } of keys) await must([...remote, 'gpg-import', `--keyring=${publicKey}`, 'os']);
  const bytes = await readFile(join(signed.repo, loosePath(signed.commit, 'commit')));
  const metadata = await readFile(join(signed.repo, loosePath(signed.commit, 'commitmeta')));
  return { ...signed, target, bytes, metadata };
}

type Overrides = { readonly metadata?: Uint8Array | undefined; readonly bytes?: Uint8Array };

function verify(signed: Case, overrides: Overrides = {}) {
  const { target, commit, bytes, metadata } = { ...signed, ...overrides };
  return verifyCommitSignatures({
    repo: target,
    remote: 'os',
    commit,
    commitBytes: bytes,
    detachedMetadata: metadata,
    keyDirectories: [],
  });
}

/** Detached metadata with these GPG signatures and no others. */
function gpgMetadata(...signatures: readonly Uint8Array[]): Buffer {
  const metadata = signatures.reduce<MetadataDict>(
    (dict, signature) => withSignature(dict, GPG_SIGNATURES, signature),
    new Map(),
  );
  return serializeDict(metadata);
}

async function otherKey(t: TestContext, options = {}): Promise<GpgKey> {
  return makeGpgKey(await tempDir(t), options);
}

test('what ostree signed, by the key that was imported into the remote', { skip }, async (t) => {
  const { key } = await signedCommit();
  const c = await setUp(t, [key]);
  const [signature, ...more] = await verify(c);
  assert.deepEqual(more, []);
  assert.ok(signature?.timestamp !== undefined && Math.abs(signature.timestamp - Date.now() / 1000) < 3600);
  const signer = 'treeport test <test@example.com>';
  assert.deepEqual(signature, { kind: 'gpg', key: key.id, signer, timestamp: signature.timestamp });
});

test('one valid signature of several is enough', { skip }, async (t) => {
  const other = await otherKey(t);
  const c = await setUp(t, [other]);
  const theirs = await gpgSign(other, c.bytes);
  const metadata = serializeDict(withSignature(parseDict(c.metadata), GPG_SIGNATURES, theirs));
  const keys = (await verify(c, { metadata })).map(({ key }) => key);
  assert.deepEqual(keys, [other.id]);
});

test('keys of gpgkeypath', { skip }, async (t) => {
  const { key } = await signedCommit();
  const c = await setUp(t, [], { gpgkeypath: key.publicKey });
  assert.equal((await verify(c))[0]?.key, key.id);
  const broken = await setUp(t, [], { gpgkeypath: '/nonexistent/key' });
  await assert.rejects(verify(broken), coded('ERR_NO_KEYS', 'gpgkeypath', '/nonexistent/key', '"os"'));
});

test('a key ring that is a FIFO does not make us wait', {
  skip: skip || unlessInstalled('mkfifo'),
}, async (t) => {
  const signed = await setUp(t, []);
  await must(['mkfifo', join(signed.target, 'os.trustedkeys.gpg')]);
  await assert.rejects(verify(signed), coded('ERR_NO_KEYS', 'os.trustedkeys.gpg', 'a FIFO'));
});

test('a key that the remote does not have, and a remote without any', { skip }, async (t) => {
  const c = await setUp(t, [await otherKey(t)]);
  const words = ['public key not found', c.key.id, c.commit, '"os"', 'ostree remote gpg-import', c.target];
  await assert.rejects(verify(c), coded('ERR_SIGNATURE_UNKNOWN_KEY', ...words));
  const none = await setUp(t, []);
  await assert.rejects(
    verify(none),
    coded('ERR_NO_KEYS', '"os"', none.target, none.commit, 'ostree remote gpg-import'),
  );
});

test('a changed commit, a changed signature, a signature that is none', { skip }, async (t) => {
  const c = await setUp(t, [(await signedCommit()).key]);
  const bad = coded('ERR_SIGNATURE_BAD', 'BAD signature', c.commit, '"os"');
  await assert.rejects(verify(c, { bytes: Buffer.concat([c.bytes, Buffer.alloc(1)]) }), bad);
  const [signature] = signaturesUnder(parseDict(c.metadata), GPG_SIGNATURES);
  assert.ok(signature);
  const changed = Buffer.from(signature);
  changed.writeUInt8(changed.readUInt8(changed.length - 1) ^ 1, changed.length - 1);
  await assert.rejects(verify(c, { metadata: gpgMetadata(changed) }), bad);
  const garbage = coded('ERR_SIGNATURE_BAD', c.commit, '"os"');
  await assert.rejects(verify(c, { metadata: gpgMetadata(Buffer.from('not OpenPGP')) }), garbage);
  await assert.rejects(verify(c, { metadata: gpgMetadata(signature.subarray(0, 40)) }), garbage);
  await assert.rejects(verify(c, { metadata: gpgMetadata(Buffer.alloc(0)) }), garbage);
});

test('no detached metadata, none that is signed, and malformed', { skip }, async (t) => {
  const c = await setUp(t, [(await signedCommit()).key]);
  const missing = coded('ERR_SIGNATURE_MISSING', c.commit, '"os"', 'gpg-verify');
  await assert.rejects(verify(c, { metadata: undefined }), missing);
  await assert.rejects(verify(c, { metadata: Buffer.alloc(0) }), missing);
  await assert.rejects(
    verify(c, { metadata: Buffer.from('nonsense') }),
    coded('ERR_OBJECT_CORRUPT', `${c.commit}.commitmeta`),
  );
});

test('a revoked key, an expired key, an expired signature', { skip }, async (t) => {
  const revoked = await otherKey(t);
  const expired = await otherKey(t, { time: '20200101T000000', expires: '10d' });
  const living = await otherKey(t, { time: '20200101T000000' });
  const { bytes } = await setUp(t, []);
  const byRevoked = gpgMetadata(await gpgSign(revoked, bytes));
  const byExpired = gpgMetadata(await gpgSign(expired, bytes, '20200102T000000'));
  const short = gpgMetadata(await gpgSign(living, bytes, '20200102T000000', ['--default-sig-expire', '1d']));
  await revokeGpgKey(revoked);
  const c = await setUp(t, [revoked, expired, living]);
  const words = [c.commit, '"os"'];
  await assert.rejects(
    verify(c, { metadata: byRevoked }),
    coded('ERR_SIGNATURE_REVOKED', revoked.id, ...words),
  );
  await assert.rejects(
    verify(c, { metadata: byExpired }),
    coded('ERR_SIGNATURE_EXPIRED', expired.id, ...words),
  );
  await assert.rejects(verify(c, { metadata: short }), coded('ERR_SIGNATURE_EXPIRED', 'signature', ...words));
});

test('with gpg-verify and sign-verify on, both have to be satisfied', { skip }, async (t) => {
  const ed25519 = nodeEd25519Key();
  const options = { 'sign-verify': 'ed25519', 'verification-ed25519-key': ed25519.public };
  const c = await setUp(t, [(await signedCommit()).key], options);
  const key = { engine: 'ed25519', secret: ed25519.secret } as const;
  const both = serializeDict(signCommit(parseDict(c.metadata), c.bytes, key));
  assert.deepEqual(
    (await verify(c, { metadata: both })).map(({ kind }) => kind),
    ['gpg', 'ed25519'],
  );
  await assert.rejects(verify(c), coded('ERR_SIGNATURE_MISSING', 'ed25519', c.commit));
  const alone = serializeDict(signCommit(new Map(), c.bytes, key));
  await assert.rejects(verify(c, { metadata: alone }), coded('ERR_SIGNATURE_MISSING', 'GPG', c.commit));

  const only = await setUp(t, [], { ...options, 'gpg-verify': 'false' });
  assert.deepEqual(await verify(only, { metadata: alone }), [{ kind: 'ed25519', key: ed25519.public }]);
});

test('a remote that verifies nothing, and one that is not there', { skip }, async (t) => {
  const c = await setUp(t, [], { 'gpg-verify': 'false' });
  await assert.rejects(
    verify(c),
    coded('ERR_REMOTE_UNVERIFIED', c.commit, '"os"', 'gpg-verify', 'sign-verify'),
  );
  await assert.rejects(
    verify({ ...c, target: c.repo }),
    coded('ERR_REMOTE_MISSING', '"os"', c.repo, 'ostree remote add'),
  );
});
