import assert from 'node:assert/strict';
import test from 'node:test';
import { parseDict, serializeDict, stringVariant } from '../../../src/ostree/metadata-dict.ts';
import { signCommit } from '../../../src/ostree/sign/sign-commit.ts';
import { signaturesUnder } from '../../../src/ostree/sign/signatures.ts';
import { coded } from '../../support/expect.ts';
import { nodeEd25519Key } from '../../support/signing.ts';

test('signatures are added to what is there, and survive serialization', () => {
  const commit = Buffer.from('commit');
  const key = { engine: 'ed25519', secret: nodeEd25519Key().secret } as const;
  const once = signCommit(new Map([['note', stringVariant('kept')]]), commit, key);
  const twice = parseDict(serializeDict(signCommit(once, commit, key)));
  assert.deepEqual([...twice.keys()], ['note', 'ostree.sign.ed25519']);
  const signatures = signaturesUnder(twice, 'ostree.sign.ed25519');
  assert.deepEqual(
    signatures.map(({ length }) => length),
    [64, 64],
  );
});

test('a secret key of another engine', () => {
  const { secret } = nodeEd25519Key();
  assert.throws(
    () => signCommit(new Map(), Buffer.from('commit'), { engine: 'spki', secret }),
    coded('ERR_SIGNING_KEY', 'spki'),
  );
});
