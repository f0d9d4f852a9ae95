import assert from 'node:assert/strict';
import test from 'node:test';
import { shrinkHeap } from '../../src/cli/gc-flags.ts';

test('pages of the heap that were used once are given back', async () => {
  const used = Array.from({ length: 500_000 }, (_, index) => ({ index }));
  const { heapTotal } = process.memoryUsage();
  used.length = 0;
  await shrinkHeap();
  const left = process.memoryUsage().heapTotal;
  assert.ok(left < heapTotal - 8_000_000, `${left} of ${heapTotal} bytes`);
});
