import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { importGpgKeys } from '../../../src/native/ostree/gpg.ts';
import { gpgSigner } from '../../../src/native/ostree/gpg-signer.ts';
import { setRemote } from '../../../src/native/ostree/remotes.ts';
import { startTransaction } from '../../../src/native/ostree/start-transaction.ts';
import { signStoredCommit } from '../../../src/signing/commit-signatures.ts';
import { makeGpgKey, stopAgent } from '../../e2e/support/gpg.ts';
import { must } from '../../e2e/support/run.ts';
import { tempDir } from '../../e2e/support/scratch.ts';
import { coded } from '../../support/expect.ts';
import { commitToArchive, giveCommit, makeRepo, unlessLibostree } from '../../support/libostree.ts';
import { treeOf } from '../../support/libostree-trees.ts';
import { unlessInstalled } from '../../support/programs.ts';

const skip = unlessLibostree() || unlessInstalled('ostree', 'gpg');

test('a commit is signed, and verified with the imported key', { skip }, async (t) => {
  const folder = await tempDir(t);
  const source = await commitToArchive(folder, treeOf('bare-user-only'));
  using repo = makeRepo(join(folder, 'repo'));
  const transaction = await startTransaction(repo);
  await giveCommit(transaction, source);
  await transaction.commit();
  const key = await makeGpgKey(folder);
  await signStoredCommit(repo, source.commit, [gpgSigner(repo, { key: key.id, home: key.home })]);
  await assert.rejects(
    signStoredCommit(repo, source.commit, [gpgSigner(repo, { key: '0123456789ABCDEF', home: key.home })]),
    coded('ERR_SIGNING_KEY', source.commit, '0123456789ABCDEF'),
  );
  await stopAgent(key.home);

  const keys = readFileSync(key.publicKey);
  assert.throws(() => importGpgKeys(repo, 'origin', keys), coded('ERR_REMOTE_MISSING', 'origin'));
  setRemote(repo, 'origin', { url: 'https://example.com', options: { 'gpg-verify': true } });
  assert.equal(importGpgKeys(repo, 'origin', keys), 1);
  assert.ok(existsSync(join(repo.path, 'origin.trustedkeys.gpg')));
  const shown = await must([
    'ostree',
    `--repo=${repo.path}`,
    'show',
    '--gpg-verify-remote=origin',
    source.commit,
  ]);
  assert.match(shown, /Good signature/);
});

test('importing data without keys fails', { skip }, async (t) => {
  using repo = makeRepo(join(await tempDir(t), 'repo'));
  setRemote(repo, 'origin', {});
  assert.throws(() => importGpgKeys(repo, 'origin', Buffer.from('no key')), coded('ERR_NO_KEYS', 'origin'));
});
