import assert from 'node:assert/strict';
import test from 'node:test';
import { MemoryPool } from '../../../src/native/ostree/memory-pool.ts';

test('take() waits when the pool is empty', async () => {
  const pool = new MemoryPool(1, 512);
  const block = await pool.take();
  const waiting = pool.take();
  pool.give(block);
  assert.equal(await waiting, block);
});

test('the next pool of the same block size reuses the blocks of a closed pool', async () => {
  const pool = new MemoryPool(2, 1024);
  const blocks = [await pool.take(), await pool.take()];
  for (const block of blocks) pool.give(block);
  pool.close();
  assert.equal((await new MemoryPool(1, 2048).take()).length, 2048);
  const next = new MemoryPool(3, 1024);
  const again = new Set([await next.take(), await next.take()]);
  assert.deepEqual(again, new Set(blocks));
  assert.ok(!again.has(await next.take()));
});

test('at most 32 MiB of blocks is kept', async () => {
  const bytes = 16 * 1024 * 1024;
  const pool = new MemoryPool(3, bytes);
  const blocks = [await pool.take(), await pool.take(), await pool.take()];
  for (const block of blocks) pool.give(block);
  pool.close();
  const next = new MemoryPool(3, bytes);
  const again = [await next.take(), await next.take(), await next.take()];
  assert.ok(again.filter((block) => blocks.includes(block)).length <= 2);
});
