import assert from 'node:assert/strict';
import test from 'node:test';
import { counted } from '../../src/base/counted.ts';

test('one has no plural', () => {
  assert.deepEqual(
    [0, 1, 2].map((count) => counted(count, 'ref')),
    ['0 refs', '1 ref', '2 refs'],
  );
});
