import assert from 'node:assert/strict';
import test from 'node:test';
import {
  decodeReply,
  encodeRequest,
  waitsForRegistry,
} from '../../../src/oci/skopeo/image-proxy-messages.ts';
import { coded } from '../../support/expect.ts';

const decode = (reply: unknown) => decodeReply(Buffer.from(JSON.stringify(reply)));

test('requests', () => {
  const request = JSON.parse(encodeRequest('GetBlob', [1, 'sha256:aa', 10]).toString());
  assert.deepEqual(request, { method: 'GetBlob', args: [1, 'sha256:aa', 10] });
});

test('a reply has a value and perhaps a pipe, or an error', () => {
  const good = decode({ success: true, value: 7, pipeid: 3, error: '' });
  assert.deepEqual([good.error, good.value, good.pipeId()], [undefined, 7, 3]);
  assert.equal(
    decode({ success: false, value: null, pipeid: 0, error: 'no such image' }).error,
    'no such image',
  );
  assert.equal(decode({ error: 'odd' }).error, 'odd');
});

test('malformed replies', () => {
  assert.throws(() => decodeReply(Buffer.from('{')), coded('ERR_JSON', 'a reply of skopeo'));
  assert.throws(() => decode([]), coded('ERR_JSON', 'a reply of skopeo'));
  const { pipeId } = decode({ success: true, value: 1, pipeid: -1 });
  assert.throws(() => pipeId(), coded('ERR_JSON', 'pipeid'));
});

test('only methods that ask the registry wait for it', () => {
  assert.equal(waitsForRegistry('GetBlob'), true);
  assert.equal(waitsForRegistry('FinishPipe'), false);
});
