import assert from 'node:assert/strict';
import test from 'node:test';
import { commandSigner } from '../../../src/ostree/sign/sign-command.ts';
import { coded } from '../../support/expect.ts';

const DATA = Buffer.alloc(1_000_000, 'data');

test('the command gets the bytes, their kind and their name', async () => {
  const script = 'test "$TREEPORT_SIGN_TYPE $TREEPORT_SIGN_WHAT" = "spki commit c" && sha256sum';
  const signature = Buffer.from(await commandSigner('spki', script).sign(DATA, 'commit c'));
  assert.match(signature.toString(), /^[0-9a-f]{64} {2}-\n$/);
});

test('a command that reads nothing may sign all the same', async () => {
  const signature = await commandSigner('ed25519', 'head -c 64 /dev/zero').sign(DATA, 'summary');
  assert.deepEqual(Buffer.from(signature), Buffer.alloc(64));
});

test('failures say what the command said', async () => {
  for (const [script, why] of [
    ['echo no token >&2; exit 3', 'no token'],
    ['exit 3', '3'],
    ['kill -9 $$', 'SIGKILL'],
    ['no-such-program', 'not found'],
    ['cat >/dev/null', 'nothing'],
    ['echo short', '6 bytes'],
    ['cat /dev/zero', 'more than'],
  ] as const)
    await assert.rejects(
      commandSigner('ed25519', script).sign(DATA, 'summary'),
      coded('ERR_SIGN_COMMAND', why),
    );
});

test('a command that hangs is killed, and what it started with it', async () => {
  const signer = commandSigner('ed25519', 'sleep 600 | cat', { timeoutMs: 50 });
  await assert.rejects(signer.sign(DATA, 'summary'), coded('ERR_SIGN_COMMAND', 'within 0.05 s'));
});
