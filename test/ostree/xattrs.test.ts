import assert from 'node:assert/strict';
import test from 'node:test';
import { isTreeportError } from '../../src/base/errors.ts';
import { parseXattrs, serializeXattrs } from '../../src/ostree/xattrs.ts';

const xattr = (name: string, value: string) => ({ name: Buffer.from(name), value: Buffer.from(value) });

test('one attribute has the bytes that ostree stores', () => {
  const hex = '757365722e6d796b657900' + '6d7976616c7565' + '0b' + '13';
  assert.equal(serializeXattrs([xattr('user.mykey', 'myvalue')]).toString('hex'), hex);
  assert.deepEqual(parseXattrs(Buffer.from(hex, 'hex')), [xattr('user.mykey', 'myvalue')]);
});

test('no attributes are no bytes', () => {
  assert.equal(serializeXattrs([]).length, 0);
  assert.deepEqual(parseXattrs(Buffer.alloc(0)), []);
});

test('attributes are sorted by the bytes of their names', () => {
  const sorted = [xattr('user.B', ''), xattr('user.a', '1'), xattr('user.a.b', '2'), xattr('user.ä', '3')];
  assert.deepEqual(parseXattrs(serializeXattrs(sorted.toReversed())), sorted);
});

test('many attributes need wide offsets', () => {
  const many = Array.from({ length: 300 }, (_, index) =>
    xattr(`user.${String(index).padStart(3, '0')}`, 'v'.repeat(index)),
  );
  assert.deepEqual(parseXattrs(serializeXattrs(many)), many);
});

test('malformed bytes are ERR_VARIANT', () => {
  assert.throws(
    () => parseXattrs(Buffer.from('ff')),
    (error) => isTreeportError(error, 'ERR_VARIANT'),
  );
});
