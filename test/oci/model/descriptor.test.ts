import assert from 'node:assert/strict';
import test from 'node:test';
import {
  checkDescriptor,
  digestHex,
  digestOf,
  isDigest,
  parseDigest,
} from '../../../src/oci/model/descriptor.ts';
import { coded } from '../../support/expect.ts';

const EMPTY = 'sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';

test('a digest is sha256 and 64 lower-case digits', () => {
  assert.equal(digestOf(Buffer.alloc(0)), EMPTY);
  assert.equal(digestHex(digestOf(Buffer.alloc(0))), EMPTY.slice(7));
  assert.equal(parseDigest(EMPTY, 'x'), EMPTY);
  for (const text of [
    EMPTY.toUpperCase(),
    EMPTY.slice(0, -1),
    `${EMPTY}0`,
    `${EMPTY}\n`,
    `../${EMPTY}`,
    'sha512:00',
  ]) {
    assert.equal(isDigest(text), false);
    assert.throws(() => parseDigest(text, 'the digest'), coded('ERR_DIGEST_SYNTAX', 'the digest'));
  }
});

test('a descriptor keeps members that are not known', () => {
  const value = { mediaType: 'a/b', digest: EMPTY, size: 0, urls: ['x'] };
  assert.deepEqual(checkDescriptor(value, 'd'), value);
});

test('a faulty descriptor names what is wrong', () => {
  const good = { mediaType: 'a/b', digest: EMPTY, size: 0 };
  assert.throws(
    () => checkDescriptor({ ...good, size: -1 }, 'layers[3]'),
    coded('ERR_JSON', 'layers[3].size'),
  );
  assert.throws(() => checkDescriptor({ ...good, mediaType: 1 }, 'd'), coded('ERR_JSON', 'd.mediaType'));
  assert.throws(() => checkDescriptor({ ...good, digest: 'x' }, 'd'), coded('ERR_DIGEST_SYNTAX', 'd.digest'));
  assert.throws(
    () => checkDescriptor({ ...good, annotations: { a: 1 } }, 'd'),
    coded('ERR_JSON', 'annotations.a'),
  );
});
