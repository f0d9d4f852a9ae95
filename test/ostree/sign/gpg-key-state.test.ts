import assert from 'node:assert/strict';
import test from 'node:test';
import { gpgKeyState } from '../../../src/ostree/sign/gpg-key-state.ts';
import { makeGpgKey, revokeGpgKey } from '../../e2e/support/gpg.ts';
import { tempDir } from '../../e2e/support/scratch.ts';
import { unlessInstalled } from '../../support/programs.ts';

test('what keeps gpg from using a key', { skip: unlessInstalled('gpg') }, async (t) => {
  const key = await makeGpgKey(await tempDir(t));
  assert.equal(gpgKeyState(key.id, key.home), undefined);
  assert.equal(gpgKeyState('0123456789ABCDEF', key.home), undefined);
  assert.equal(gpgKeyState('--version', key.home), undefined);
  await revokeGpgKey(key);
  assert.equal(gpgKeyState(key.id, key.home), 'revoked');
  const old = await makeGpgKey(await tempDir(t), { time: '20200102T030405', expires: '10d' });
  assert.equal(gpgKeyState(old.id, old.home), 'expired');
});
