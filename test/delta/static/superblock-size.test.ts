import assert from 'node:assert/strict';
import test from 'node:test';
import { checkSuperblockSize } from '../../../src/delta/static/superblock-size.ts';

const MIB = 1024 * 1024;

test('clients refuse superblocks above their limits', () => {
  const lines: string[] = [];
  checkSuperblockSize(10 * MIB, (line) => lines.push(line));
  assert.equal(lines.length, 0);
  checkSuperblockSize(128 * MIB, (line) => lines.push(line));
  assert.deepEqual(
    lines.map((line) => /2023\.4/.test(line)),
    [true],
  );
  assert.throws(() => checkSuperblockSize(128 * MIB + 1, () => {}), {
    code: 'ERR_DELTA_TOO_LARGE',
    message: /134\.2 MB.*--inline/,
  });
});
