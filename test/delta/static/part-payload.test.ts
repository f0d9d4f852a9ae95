import assert from 'node:assert/strict';
import test from 'node:test';
import {
  PAYLOAD_TYPE,
  type PartPayload,
  parsePayload,
  serializePayload,
} from '../../../src/delta/static/part-payload.ts';
import { write } from '../../../src/gvariant/index.ts';
import { swap32 } from '../../../src/ostree/byte-order.ts';
import { NO_XATTRS, serializeXattrs } from '../../../src/ostree/xattrs.ts';
import { coded } from '../../support/expect.ts';

const SET = serializeXattrs([{ name: Buffer.from('user.fx'), value: Buffer.from('two') }]);

function payload(blobSize: number, sets: readonly Buffer[] = [NO_XATTRS, SET]): PartPayload {
  return {
    modes: [
      { uid: 0, gid: 5, mode: 0o100644 },
      { uid: 1000, gid: 0, mode: 0o120777 },
    ],
    xattrs: sets,
    blob: Buffer.alloc(blobSize, 'blob'),
    operations: Buffer.from('operations'),
  };
}

test('payloads are serialized as the codec does, with offsets of each width', () => {
  for (const size of [0, 1, 150, 160, 250, 256, 65400, 65530, 70000]) {
    const { modes, blob, operations } = payload(size);
    const swapped = modes.map(({ uid, gid, mode }) => [swap32(uid), swap32(gid), swap32(mode)]);
    const sets = [[], [[Buffer.from('user.fx\0'), Buffer.from('two')]]];
    const bytes = serializePayload(payload(size));
    assert.deepEqual(bytes, write(PAYLOAD_TYPE, [swapped, sets, blob, operations]), `${size}`);
    assert.deepEqual(parsePayload(bytes), payload(size));
  }
});

test('many sets of attributes need wider offsets', () => {
  for (const count of [1, 14, 15, 16, 3000]) {
    const read = parsePayload(serializePayload(payload(3, Array<Buffer>(count).fill(SET))));
    assert.deepEqual([read.xattrs.length, read.xattrs.at(-1)], [count, SET]);
  }
});

test('the empty payload has three bytes', () => {
  const empty = { modes: [], xattrs: [], blob: Buffer.alloc(0), operations: Buffer.alloc(0) };
  assert.deepEqual(serializePayload(empty), Buffer.alloc(3));
  assert.deepEqual(parsePayload(Buffer.alloc(3)), empty);
});

test('a payload that is cut off or not in normal form is refused', () => {
  const bytes = serializePayload(payload(300));
  // A few bytes of tables may happen to be a payload.
  for (let length = 100; length < bytes.length; length++)
    assert.throws(() => parsePayload(bytes.subarray(0, length)), coded('ERR_VARIANT'));
  assert.throws(() => parsePayload(Buffer.alloc(0)), coded('ERR_VARIANT'));
  const notASet = serializePayload(payload(0, [Buffer.from([1, 2, 3])]));
  assert.throws(() => parsePayload(notASet), coded('ERR_VARIANT'));
});
