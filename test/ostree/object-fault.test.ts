import assert from 'node:assert/strict';
import { test } from 'node:test';
import { corruptObject, objectFault, wrongChecksum } from '../../src/ostree/object-fault.ts';

test('every message names the object first; the code and the cause are kept', () => {
  const cause = new Error('boom');
  const fault = objectFault('a dirtree', 'is not sorted', cause);
  assert.deepEqual(
    [fault.code, fault.message, fault.cause],
    ['ERR_OBJECT_CORRUPT', 'a dirtree is not sorted', cause],
  );
  assert.equal(corruptObject('12.file', 'no reason').message, 'object 12.file is corrupt: no reason');
  assert.equal(wrongChecksum('12.file', '34').message, 'object 12.file is corrupt: its bytes give 34');
});
