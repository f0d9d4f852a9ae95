import assert from 'node:assert/strict';
import test from 'node:test';
import { readPartFile } from '../../../src/delta/static/part-file.ts';
import type { PartHeader } from '../../../src/delta/static/superblock.ts';
import { checksumOf } from '../../../src/ostree/checksum.ts';
import { coded } from '../../support/expect.ts';

function header(file: Buffer, other: Partial<PartHeader> = {}): PartHeader {
  return { version: 0, checksum: checksumOf(file), size: file.length, usize: 0, objects: [], ...other };
}

const EMPTY = Buffer.alloc(4);

test('a part without compression holds its payload as it is', () => {
  const payload = readPartFile(header(EMPTY), EMPTY, { what: 'part 0' });
  assert.deepEqual([payload.modes, payload.blob.length], [[], 0]);
});

test('a part that is not the one of the header is refused', () => {
  const refused = (file: Buffer, of: PartHeader, ...words: Parameters<typeof coded>) =>
    assert.throws(() => readPartFile(of, file, { what: 'part 0' }), coded(...words));
  refused(EMPTY, header(EMPTY, { version: 1 }), 'ERR_DELTA_VERSION', 'part 0', 'version 1');
  refused(EMPTY, header(EMPTY, { size: 5 }), 'ERR_DELTA_PART', 'has 4 bytes', 'says 5');
  refused(EMPTY, header(Buffer.alloc(4, 1)), 'ERR_DELTA_PART', 'checksum');
  for (const [file, words] of [
    [Buffer.alloc(0), 'is empty'],
    [Buffer.from('g...'), 'compression type 103'],
    [Buffer.alloc(2), 'not in normal form'],
  ] as const)
    refused(file, header(file), 'ERR_DELTA_CORRUPT', 'part 0', words);
  const noXz = Buffer.from('xnothing that is xz');
  refused(noXz, header(noXz), 'ERR_XZ', 'part 0');
});
