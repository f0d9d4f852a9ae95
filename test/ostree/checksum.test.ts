import assert from 'node:assert/strict';
import test from 'node:test';
import { isTreeportError } from '../../src/base/errors.ts';
import {
  type Checksum,
  checksumFromBytes,
  checksumFromDeltaName,
  checksumToBytes,
  checksumToDeltaName,
  isChecksum,
  parseChecksum,
} from '../../src/ostree/checksum.ts';
import { repeatedChecksum } from '../support/checksums.ts';

const SUM = parseChecksum('4f9f7347aa69c3a0b5fbb0dcf9e2e5b7a0c8b8c0d1b7e1a6ffeeddccbbaa9988');

test('a checksum is 64 lower-case hexadecimal digits and nothing else', () => {
  assert.equal(parseChecksum(SUM), SUM);
  const wrong = [
    '',
    SUM.slice(1),
    `${SUM}0`,
    SUM.toUpperCase(),
    `g${SUM.slice(1)}`,
    ` ${SUM.slice(1)}`,
    `${SUM}\n`,
  ];
  for (const text of wrong) {
    assert.equal(isChecksum(text), false, JSON.stringify(text));
    assert.throws(
      () => parseChecksum(text),
      (error) => isTreeportError(error, 'ERR_CHECKSUM_SYNTAX'),
    );
  }
});

test('32 bytes and back', () => {
  assert.equal(checksumFromBytes(checksumToBytes(SUM), 'it'), SUM);
  for (const size of [0, 31, 33]) {
    assert.throws(
      () => checksumFromBytes(Buffer.alloc(size), 'the thing'),
      (error) => isTreeportError(error, 'ERR_OBJECT_CORRUPT') && error.message.includes('the thing'),
    );
  }
});

test('delta names are base64 with _ for / and + kept', () => {
  const cases: readonly (readonly [Checksum, string])[] = [
    [repeatedChecksum('0'), 'A'.repeat(43)],
    [repeatedChecksum('f'), `${'_'.repeat(42)}8`],
    [parseChecksum(`fbefbe${'0'.repeat(58)}`), `++++${'A'.repeat(39)}`],
    [parseChecksum(`fbffbe${'0'.repeat(58)}`), `+_++${'A'.repeat(39)}`],
  ];
  for (const [checksum, name] of cases) {
    assert.equal(checksumToDeltaName(checksum), name);
    assert.equal(checksumFromDeltaName(name), checksum);
  }
});

test('what no checksum is written as is no delta name', () => {
  const names = [
    '',
    'A'.repeat(42),
    'A'.repeat(44),
    `${'A'.repeat(42)}=`,
    `${'A'.repeat(42)}/`,
    `${'A'.repeat(42)}-`,
  ];
  // The last character holds four bits only.
  for (const name of [...names, `${'A'.repeat(42)}B`])
    assert.equal(checksumFromDeltaName(name), undefined, name);
});
