import assert from 'node:assert/strict';
import test from 'node:test';
import { parseChecksum } from '../../src/ostree/checksum.ts';
import {
  deltaDirectory,
  deltaIndexPath,
  deltaKey,
  parseDeltaDirectory,
} from '../../src/ostree/delta-name.ts';

const PLUS = parseChecksum(`fbefbe${'0'.repeat(58)}`);
const SLASH = parseChecksum(`ffffff${'0'.repeat(58)}`);
const A = 'A'.repeat(39);

test('directories, keys and index paths', () => {
  assert.equal(deltaDirectory({ from: undefined, to: PLUS }), `deltas/++/++${A}`);
  assert.equal(deltaDirectory({ from: PLUS, to: SLASH }), `deltas/++/++${A}-____${A}`);
  assert.equal(deltaKey({ from: undefined, to: PLUS }), PLUS);
  assert.equal(deltaKey({ from: PLUS, to: SLASH }), `${PLUS}-${SLASH}`);
  assert.equal(deltaIndexPath(SLASH), `delta-indexes/__/__${A}.index`);
});

test('directories are parsed back', () => {
  for (const name of [
    { from: undefined, to: PLUS },
    { from: PLUS, to: SLASH },
    { from: SLASH, to: PLUS },
  ]) {
    const [, fanOut = '', rest = ''] = deltaDirectory(name).split('/');
    assert.deepEqual(parseDeltaDirectory(fanOut, rest), name);
  }
});

test('other directories are no deltas', () => {
  const cases: readonly (readonly [string, string])[] = [
    ['', ''],
    ['++', ''],
    ['+', `+++${A}`],
    ['+++', `+${A}`],
    ['++', `++${A}-`],
    ['++', `++${A}-____${A}-____${A}`],
    ['++', `++${A}=`],
    ['..', `..${A}`],
    ['++', `++${A}-__%2f${A}`],
  ];
  for (const [fanOut, rest] of cases)
    assert.equal(parseDeltaDirectory(fanOut, rest), undefined, `${fanOut}/${rest}`);
});
