import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { chmod, mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { parseDict } from '../../src/ostree/metadata-dict.ts';
import { signaturesUnder } from '../../src/ostree/sign/signatures.ts';
import { unlessLibostree } from '../support/libostree.ts';
import { commitDirectory, initRepo, type OstreeMode, REF } from '../support/ostree-repos.ts';
import { unlessInstalled } from '../support/programs.ts';
import { nodeSpkiKey } from '../support/signing.ts';
import { type GpgKey, makeGpgKey, revokeGpgKey, stopAgent } from './support/gpg.ts';
import { must, mustTreeport, treeport } from './support/run.ts';
import { atEnd, tempDir } from './support/scratch.ts';

const PAST = '20200102T030405';
const skip = unlessLibostree() || unlessInstalled('ostree', 'gpg', 'openssl');

async function makeSource(t: TestContext, mode: OstreeMode = 'archive') {
  const folder = await tempDir(t);
  const repo = await initRepo(join(folder, 'repo'), mode);
  const tree = join(folder, 'tree');
  await must(['mkdir', '-p', tree]);
  await writeFile(join(tree, 'file'), 'content');
  const commit = await commitDirectory(repo, tree);
  return { folder, repo, tree, commit };
}

async function detachedOf(repo: string, commit: string) {
  return parseDict(await readFile(join(repo, `objects/${commit.slice(0, 2)}/${commit.slice(2)}.commitmeta`)));
}

async function refuses(words: readonly string[], ...parts: readonly (string | RegExp)[]) {
  const { status, stderr } = await treeport(words);
  assert.notEqual(status, 0, stderr);
  assert.equal(stderr.trimEnd().split('\n').length, 1, stderr);
  for (const part of parts) assert.match(stderr, new RegExp(part));
}

test('ed25519: a new key signs a commit, and verifies it', { skip }, async (t) => {
  const { folder, repo, commit } = await makeSource(t, 'bare-user');
  const secret = join(folder, 'key');
  const shown = await mustTreeport(['sign', 'keygen', secret]);
  assert.equal((await readFile(`${secret}.pub`, 'utf8')).trim(), shown);
  for (const file of [secret, `${secret}.pub`]) assert.equal((await stat(file)).mode & 0o777, 0o600);
  const before = await readFile(secret);
  await refuses(['sign', 'keygen', secret], 'ERR_KEY_EXISTS', secret);
  assert.deepEqual(await readFile(secret), before);

  const sign = ['sign', 'commit', '--repo', repo, REF, '--keys-file'];
  await mustTreeport([...sign, secret]);
  await mustTreeport([...sign, secret]);
  const signatures = signaturesUnder(await detachedOf(repo, commit), 'ostree.sign.ed25519');
  assert.deepEqual(
    signatures.map(({ length }) => length),
    [64],
  );
  const verify = ['sign', 'verify', '--repo', repo, REF, '--keys-file'];
  assert.match(await mustTreeport([...verify, `${secret}.pub`]), /^good {2}ed25519 {2}key /);
  const other = join(folder, 'other');
  await mustTreeport(['sign', 'keygen', other]);
  await refuses([...verify, `${other}.pub`], 'ERR_SIGNATURE_BAD', commit);
  await refuses([...verify, secret], 'ERR_NO_KEYS', secret);
  await refuses([...sign, `${secret}.pub`], 'ERR_SIGNING_KEY', 'is a public key');
  await refuses([...sign, join(folder, 'nothing')], 'ERR_SIGNING_KEY', 'no such file');
  await refuses([...sign, secret, '--sign-type', 'spki'], 'ERR_SIGNING_KEY', 'spki');
  await refuses(['sign', 'commit', '--repo', repo, REF], 'ERR_USAGE', '--keys-file');
});

test('spki: keys in PEM files, several of them', { skip }, async (t) => {
  const { folder, repo } = await makeSource(t);
  const keys = [generateKeyPairSync('rsa', { modulusLength: 2048 }), generateKeyPairSync('ed448')].map(
    nodeSpkiKey,
  );
  const [rsa, ed448] = keys as [(typeof keys)[0], (typeof keys)[0]];
  await writeFile(join(folder, 'both.pem'), `${rsa.secret}\n${ed448.secret}`, { mode: 0o600 });
  const kind = ['--sign-type', 'spki', '--keys-file'];
  await mustTreeport(['sign', 'commit', '--repo', repo, REF, ...kind, join(folder, 'both.pem')]);
  for (const key of keys) {
    await writeFile(join(folder, 'public.pem'), key.publicPem);
    const shown = await mustTreeport([
      'sign',
      'verify',
      '--repo',
      repo,
      REF,
      ...kind,
      join(folder, 'public.pem'),
    ]);
    assert.ok(shown.includes(key.id), shown);
  }
  assert.equal((await mustTreeport(['sign', 'list', '--repo', repo, REF])).split('\n').length, 2);
});

test('commands sign: gpg, and openssl for ed25519; their failures are told', { skip }, async (t) => {
  const { folder, repo, commit } = await makeSource(t);
  const gpg = await makeGpgKey(folder);
  atEnd(t, () => stopAgent(gpg.home));
  const command = `gpg --homedir ${gpg.home} --batch --quiet --local-user ${gpg.id} --detach-sign`;
  const sign = ['sign', 'commit', '--repo', repo, REF];
  await mustTreeport([...sign, '--sign-type', 'gpg', '--sign-command', command]);
  await must([
    'ostree',
    `--repo=${repo}`,
    'remote',
    'add',
    `--gpg-import=${gpg.publicKey}`,
    'os',
    'https://x',
  ]);
  const shown = await must(['ostree', `--repo=${repo}`, 'show', '--gpg-verify-remote=os', commit]);
  assert.match(shown, /Good signature/);

  // A second signature within the same second would be the same.
  await mustTreeport(['sign', 'delete', '--repo', repo, commit, '--all']);
  await mustTreeport([...sign, '--gpg-sign', gpg.id, '--gpg-homedir', gpg.home]);
  assert.equal(signaturesUnder(await detachedOf(repo, commit), 'ostree.gpgsigs').length, 1);
  await mustTreeport(['sign', 'verify', '--repo', repo, commit, '--remote', 'os']);

  const what = join(folder, 'what');
  const failing = `cat >/dev/null; echo "$TREEPORT_SIGN_TYPE $TREEPORT_SIGN_WHAT" >${what}; echo no token >&2; exit 3`;
  await refuses([...sign, '--sign-command', failing], 'ERR_SIGN_COMMAND', 'no token');
  assert.equal(await readFile(what, 'utf8'), `ed25519 commit ${commit}\n`);
  await refuses([...sign, '--sign-command', 'echo short'], 'ERR_SIGN_COMMAND', '6 bytes');
  await refuses([...sign, '--sign-command', 'true'], 'ERR_SIGN_COMMAND', 'nothing');
  await refuses(
    [...sign, '--sign-type', 'gpg', '--sign-command', 'echo armor'],
    'ERR_SIGN_COMMAND',
    'binary',
  );
  await refuses([...sign, '--sign-command', 'cat /dev/zero'], 'ERR_SIGN_COMMAND', 'more than');
  await refuses([...sign, '--gpg-sign', '0123456789ABCDEF', '--gpg-homedir', gpg.home], 'ERR_SIGNING_KEY');
  assert.equal((await detachedOf(repo, commit)).size, 1);
});

test('GPG keys in files verify; expired and revoked ones neither sign nor verify', { skip }, async (t) => {
  const { folder, repo, commit } = await makeSource(t);
  const keyIn = async (name: string, expires?: string) => {
    await mkdir(join(folder, name));
    const time = expires === undefined ? {} : { time: PAST, expires };
    const key = await makeGpgKey(join(folder, name), time);
    atEnd(t, () => stopAgent(key.home));
    return key;
  };
  const [good, revoked, expired] = [
    await keyIn('good'),
    await keyIn('revoked'),
    await keyIn('expired', '10d'),
  ];
  const sign = (key: GpgKey) => [
    ...['sign', 'commit', '--repo', repo, REF],
    ...['--gpg-sign', key.id, '--gpg-homedir', key.home],
  ];
  const verify = (...files: readonly string[]) => [
    ...['sign', 'verify', '--repo', repo, REF, '--sign-type', 'gpg'],
    ...files.flatMap((file) => ['--keys-file', file]),
  ];
  await refuses(verify(good.publicKey), 'ERR_SIGNATURE_MISSING', `${commit} has no GPG signature\n`);
  await mustTreeport(sign(revoked));
  await revokeGpgKey(revoked);
  await refuses(sign(revoked), 'ERR_SIGNING_KEY', commit, `${revoked.id}: it is revoked\n`);
  await refuses(sign(expired), 'ERR_SIGNING_KEY', commit, `${expired.id}: it is expired\n`);
  await refuses(
    ['summary', 'update', '--repo', repo, ...sign(revoked).slice(-4)],
    'ERR_SIGNING_KEY',
    'revoked',
  );
  await refuses(verify(revoked.publicKey), 'ERR_SIGNATURE_REVOKED', revoked.id);
  await refuses(verify(good.publicKey), 'ERR_SIGNATURE_UNKNOWN_KEY', revoked.id, 'files of public keys');

  const command = `gpg --homedir ${expired.home} --faked-system-time ${PAST}! --batch --local-user ${expired.id} --detach-sign`;
  await mustTreeport(['sign', 'delete', '--repo', repo, REF, '--all']);
  await mustTreeport([
    'sign',
    'commit',
    '--repo',
    repo,
    REF,
    '--sign-type',
    'gpg',
    '--sign-command',
    command,
  ]);
  await refuses(verify(expired.publicKey), 'ERR_SIGNATURE_EXPIRED', expired.id);
  await mustTreeport(sign(good));
  const shown = await mustTreeport(verify(expired.publicKey, good.publicKey));
  assert.match(shown, new RegExp(`^good {2}gpg {2}key ${good.id} `));
  await refuses(verify(join(folder, 'none')), 'ERR_NO_KEYS', 'none with keys to verify with');
  await refuses(verify(folder), 'ERR_NO_KEYS', 'it is a directory');
});

test('signatures are listed and deleted; other metadata stays', { skip }, async (t) => {
  const { folder, repo, commit } = await makeSource(t);
  const gpg = await makeGpgKey(folder);
  atEnd(t, () => stopAgent(gpg.home));
  const [one, two] = [join(folder, 'one'), join(folder, 'two')];
  for (const file of [one, two]) await mustTreeport(['sign', 'keygen', file]);
  const keys = ['--keys-file', one, '--keys-file', two, '--gpg-sign', gpg.id, '--gpg-homedir', gpg.home];
  await mustTreeport(['sign', 'commit', '--repo', repo, REF, ...keys]);
  const list = async () =>
    (await mustTreeport(['sign', 'list', '--repo', repo, REF])).split('\n').filter(Boolean);
  assert.match((await list())[0] ?? '', new RegExp(`^1 {2}gpg {2}key ${gpg.id} `));
  assert.deepEqual((await list()).slice(1), ['2  ed25519', '3  ed25519']);
  const remove = ['sign', 'delete', '--repo', repo, REF];
  const publicKey = (await readFile(`${one}.pub`, 'utf8')).trim();
  await mustTreeport([...remove, '--key', publicKey]);
  await refuses([...remove, '--key', publicKey], 'ERR_SIGNATURE_MISSING', commit);
  await refuses(['sign', 'verify', '--repo', repo, REF, '--keys-file', `${one}.pub`], 'ERR_SIGNATURE_BAD');
  await mustTreeport([...remove, '--key', gpg.id.slice(-16)]);
  assert.deepEqual(await list(), ['1  ed25519']);
  await refuses([...remove, '--number', '2'], 'ERR_SIGNATURE_MISSING', 'has 1');
  await refuses(remove, 'ERR_USAGE', '--all');
  await mustTreeport([...remove, '--number', '1']);
  assert.deepEqual(await list(), []);
});

test('a repository that cannot be written, and a damaged commit, are not signed', { skip }, async (t) => {
  const { folder, repo, commit } = await makeSource(t);
  const secret = join(folder, 'key');
  await mustTreeport(['sign', 'keygen', secret]);
  const object = join(repo, `objects/${commit.slice(0, 2)}/${commit.slice(2)}.commit`);
  const bytes = await readFile(object);
  bytes.writeUInt8(bytes.readUInt8(bytes.length - 1) ^ 1, bytes.length - 1);
  await chmod(object, 0o644);
  await writeFile(object, bytes);
  await refuses(
    ['sign', 'commit', '--repo', repo, commit, '--keys-file', secret],
    'ERR_OBJECT_CORRUPT',
    `${commit}.commit`,
  );
});
