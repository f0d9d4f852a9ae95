import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { deleteRemote, setRemote } from '../../../src/native/ostree/remotes.ts';
import { must } from '../../e2e/support/run.ts';
import { tempDir } from '../../e2e/support/scratch.ts';
import { coded } from '../../support/expect.ts';
import { makeRepo, unlessLibostree } from '../../support/libostree.ts';
import { unlessInstalled } from '../../support/programs.ts';

const skip = unlessLibostree();

test('a remote is added, replaced and deleted', { skip: skip || unlessInstalled('ostree') }, async (t) => {
  using repo = makeRepo(join(await tempDir(t), 'repo'));
  const config = () => readFileSync(join(repo.path, 'config'), 'utf8');
  setRemote(repo, 'origin', {
    url: 'https://example.com/repo',
    options: { 'gpg-verify': false, branches: ['os/a', 'os/b'], 'sign-verify': 'ed25519' },
  });
  const text = config();
  for (const line of [
    '[remote "origin"]',
    'url=https://example.com/repo',
    'gpg-verify=false',
    'branches=os/a;os/b;',
    'sign-verify=ed25519',
  ])
    assert.ok(text.includes(`${line}\n`), `${line} in ${text}`);
  assert.equal(await must(['ostree', `--repo=${repo.path}`, 'remote', 'list']), 'origin');

  setRemote(repo, 'origin', {});
  assert.doesNotMatch(config(), /example\.com|gpg-verify/);
  setRemote(repo, 'other', { options: { 'gpg-verify': true } });
  deleteRemote(repo, 'origin');
  assert.doesNotMatch(config(), /origin/);
  assert.match(config(), /\[remote "other"\]\ngpg-verify=true/);
});

test('invalid and missing remotes', { skip }, async (t) => {
  using repo = makeRepo(join(await tempDir(t), 'repo'));
  assert.throws(() => deleteRemote(repo, 'nobody'), coded('ERR_REMOTE_MISSING', 'nobody'));
  for (const name of ['', '..', 'a/b', 'a"]\n[core', '-a', 'a b']) {
    assert.throws(() => setRemote(repo, name, {}), coded('ERR_REF_SYNTAX'), name);
    assert.throws(() => deleteRemote(repo, name), coded('ERR_REF_SYNTAX'), name);
  }
});
