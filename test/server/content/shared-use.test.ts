import assert from 'node:assert/strict';
import test from 'node:test';
import { SharedUse } from '../../../src/server/content/shared-use.ts';

const bytes = () => Buffer.allocUnsafeSlow(1000);

test('bytes are freed when the last user is done, and no other can enter', () => {
  const [use, shared] = [new SharedUse(), bytes()];
  const [one, other] = [use.enter(), use.enter()];
  one();
  one();
  use.close(shared);
  assert.equal(shared.length, 1000);
  other();
  assert.equal(shared.length, 0);
});

test('bytes of which all users are done before they are known are freed at once', () => {
  const [use, shared] = [new SharedUse(), bytes()];
  use.enter()();
  use.close(shared);
  assert.equal(shared.length, 0);
});
