import assert from 'node:assert/strict';
import test from 'node:test';
import {
  decodeObjectList,
  encodeObjectList,
  type ObjectLayer,
} from '../../../src/mirror/carried/object-list.ts';
import { checksumOf } from '../../../src/ostree/checksum.ts';

const LAYERS: readonly ObjectLayer[] = [
  { digest: `sha256:${'a'.repeat(64)}`, size: 12, kind: 'os', objects: [] },
  {
    digest: `sha256:${'b'.repeat(64)}`,
    size: 2 ** 40,
    kind: 'objects',
    objects: [
      { type: 'commit', checksum: checksumOf(Buffer.from('1')), length: 1, isDead: false },
      { type: 'file', checksum: checksumOf(Buffer.from('2')), length: 2 ** 45, isDead: true },
    ],
  },
];

test('lists are read as they were written', () => {
  assert.deepEqual(decodeObjectList(encodeObjectList(LAYERS), 'it'), LAYERS);
  assert.deepEqual(decodeObjectList(encodeObjectList([]), 'it'), []);
});

test('damaged lists are refused', () => {
  const good = encodeObjectList(LAYERS);
  const damaged = (at: number, value: number) => {
    const bytes = Buffer.from(good);
    bytes[at] = value;
    return bytes;
  };
  const list = [
    good.subarray(0, 10),
    good.subarray(0, -1),
    damaged(0, 0),
    damaged(19, 2),
    damaged(23, 1),
    damaged(31, 3),
    damaged(32 + 44, 9),
    damaged(32 + 48 + 43, 1),
    damaged(32 + 48 + 43, 3),
    damaged(good.length - 8, 7),
  ];
  for (const bytes of list)
    assert.throws(() => decodeObjectList(bytes, 'it'), { code: 'ERR_SNAPSHOT', message: /^it is damaged: / });
});
