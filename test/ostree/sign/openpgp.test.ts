import assert from 'node:assert/strict';
import test from 'node:test';
import { signatureClaims } from '../../../src/ostree/sign/openpgp.ts';
import { gpgSign, makeGpgKey } from '../../e2e/support/gpg.ts';
import { tempDir } from '../../e2e/support/scratch.ts';
import { unlessInstalled } from '../../support/programs.ts';

test('a signature that gpg made', { skip: unlessInstalled('gpg') }, async (t) => {
  const key = await makeGpgKey(await tempDir(t), { time: '20200101T000000' });
  const signature = await gpgSign(key, Buffer.from('data'), '20200102T030405');
  const claim = { key: key.id, timestamp: Date.UTC(2020, 0, 2, 3, 4, 5) / 1000 };
  assert.deepEqual(signatureClaims(signature), [claim]);
  assert.deepEqual(signatureClaims(Buffer.concat([signature, signature])), [claim, claim]);
  for (let length = 0; length < signature.length; length++) {
    assert.deepEqual(signatureClaims(signature.subarray(0, length)), [], `cut off at ${length}`);
  }
});

/** Signature packet with a header of the old format. */
function packet(body: readonly number[]): Buffer {
  return Buffer.from([0x88, body.length, ...body]);
}

test('version 3, which has key id and time at fixed places', () => {
  const body = [3, 5, 0, 0x5e, 0x0d, 0x5d, 0x85, 1, 2, 3, 4, 5, 6, 7, 0xab, 1, 8, 0, 0];
  assert.deepEqual(signatureClaims(packet(body)), [{ key: '01020304050607AB', timestamp: 0x5e0d5d85 }]);
});

test('version 4 with a key id that is not hashed, and none at all', () => {
  const id = [9, 16, 1, 2, 3, 4, 5, 6, 7, 0xab];
  const body = [4, 0, 1, 8, 0, 6, 5, 2, 0x5e, 0x0d, 0x5d, 0x85, 0, id.length, ...id, 0, 0];
  assert.deepEqual(signatureClaims(packet(body)), [{ key: '01020304050607AB', timestamp: 0x5e0d5d85 }]);
  const bare = packet([4, 0, 1, 8, 0, 0, 0, 0, 0, 0]);
  assert.deepEqual(signatureClaims(bare), [{ key: undefined, timestamp: undefined }]);
  assert.deepEqual(signatureClaims(packet([6, 0, 1])), [{ key: undefined, timestamp: undefined }]);
});

test('other packets and other bytes', () => {
  assert.deepEqual(signatureClaims(Buffer.alloc(0)), []);
  assert.deepEqual(signatureClaims(Buffer.from('text')), []);
  assert.deepEqual(signatureClaims(Buffer.from([0xcb, 1, 0])), []);
});
