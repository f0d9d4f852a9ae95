import assert from 'node:assert/strict';
import test from 'node:test';
import {
  type DeltaOperation,
  decodeOperations,
  OperationWriter,
} from '../../../src/delta/static/operations.ts';
import { repeatedChecksum } from '../../support/checksums.ts';
import { coded } from '../../support/expect.ts';

const FILE = { type: 'file', checksum: repeatedChecksum('a') } as const;
const DIRTREE = { type: 'dirtree', checksum: repeatedChecksum('b') } as const;

function encode(operations: readonly DeltaOperation[]): Buffer {
  const writer = new OperationWriter();
  for (const operation of operations) writer.add(operation);
  return writer.bytes();
}

const ALL: readonly DeltaOperation[] = [
  { kind: 'splice-metadata', length: 270, offset: 0 },
  { kind: 'open', mode: 127, xattrs: 128, size: 2 ** 40 },
  { kind: 'set-source', offset: 16384 },
  { kind: 'write', length: 0, offset: Number.MAX_SAFE_INTEGER },
  { kind: 'unset-source' },
  { kind: 'bspatch', offset: 1, length: 2 ** 31 },
  { kind: 'close' },
  { kind: 'splice-file', mode: 1, xattrs: 2, length: 3, offset: 4 },
];

test('operations are decoded as they were encoded', () => {
  const bytes = encode(ALL);
  assert.deepEqual([...decodeOperations(bytes, [DIRTREE, FILE, FILE])], ALL);
});

test('operands are in the order of libostree', () => {
  const bytes = encode(ALL);
  assert.equal(bytes.subarray(0, 4).toString('hex'), '538e0200');
  assert.equal(encode([{ kind: 'bspatch', offset: 1, length: 2 }]).toString('hex'), '420102');
  assert.equal(encode([{ kind: 'write', offset: 1, length: 2 }]).toString('hex'), '770201');
  assert.equal(bytes.subarray(-5).toString('hex'), '5301020304');
});

test('many operations grow the buffer', () => {
  const many = Array.from({ length: 5000 }, (_, index) => ({ kind: 'set-source', offset: index }) as const);
  assert.deepEqual([...decodeOperations(encode(many), [])], many);
});

test('operations that make more objects than listed are refused', () => {
  const refused = (bytes: Buffer, objects: readonly (typeof FILE)[]) =>
    assert.throws(() => [...decodeOperations(bytes, objects)], coded('ERR_DELTA_CORRUPT', 'listed'));
  refused(encode([{ kind: 'close' }]), []);
  refused(encode([{ kind: 'open', mode: 0, xattrs: 0, size: 0 }]), []);
  refused(encode([...ALL.slice(-1), ...ALL.slice(-1)]), [FILE]);
});

test('unknown and truncated operations are refused, and operands out of range', () => {
  const refused = (hex: string, ...words: readonly string[]) =>
    assert.throws(
      () => [...decodeOperations(Buffer.from(hex, 'hex'), [FILE])],
      coded('ERR_DELTA_CORRUPT', ...words),
    );
  refused('00', 'byte 0 of the operations is 0,');
  refused('7701', 'end inside');
  refused('7201728f', 'end inside');
  refused('72ffffffffffffffff7f', 'operand at byte 1', 'out of range');
  refused(`72${'80'.repeat(10)}00`, 'out of range');
  assert.deepEqual(
    [...decodeOperations(Buffer.from('72ffffffffffffff0f', 'hex'), [])],
    [{ kind: 'set-source', offset: Number.MAX_SAFE_INTEGER }],
  );
});
