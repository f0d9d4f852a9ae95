import assert from 'node:assert/strict';
import test from 'node:test';
import { variant } from '../../../src/gvariant/index.ts';
import { signaturesUnder, withSignature } from '../../../src/ostree/sign/signatures.ts';
import { coded } from '../../support/expect.ts';

test('signatures are added behind those that are there', () => {
  const [first, second] = [Buffer.from('one'), Buffer.from('two')];
  const metadata = withSignature(withSignature(new Map(), 'key', first), 'key', second);
  assert.deepEqual(signaturesUnder(metadata, 'key'), [first, second]);
  assert.deepEqual(signaturesUnder(metadata, 'other'), []);
  assert.deepEqual(signaturesUnder(new Map([['key', variant('as', ['one'])]]), 'key'), []);
});

test('there may not be thousands of them', () => {
  const many = (count: number) =>
    new Map([
      [
        'key',
        variant(
          'aay',
          Array.from({ length: count }, () => Buffer.alloc(0)),
        ),
      ],
    ]);
  assert.equal(signaturesUnder(many(1000), 'key').length, 1000);
  assert.throws(() => signaturesUnder(many(1001), 'key'), coded('ERR_VARIANT', '1001 signatures'));
});
