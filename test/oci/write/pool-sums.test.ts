import assert from 'node:assert/strict';
import test from 'node:test';
import { hashesOnPool, PoolSums } from '../../../src/oci/write/pool-sums.ts';
import { StreamSums } from '../../../src/oci/write/stream-sums.ts';
import { mixedBytes } from '../../support/small-image.ts';

test('streams side by side have the sums of the calling thread', { skip: !hashesOnPool() }, async () => {
  const [pool, here] = [new PoolSums(), new StreamSums()];
  for (const bytes of [mixedBytes(100), mixedBytes(70_000), Buffer.alloc(0), mixedBytes(5)]) {
    for (const stream of [1, 2]) {
      await pool.take({ stream, bytes });
      here.take({ stream, bytes });
    }
  }
  for (const stream of [2, 1, 3])
    assert.deepEqual(await pool.take({ stream, bytes: undefined }), here.take({ stream, bytes: undefined }));
});
