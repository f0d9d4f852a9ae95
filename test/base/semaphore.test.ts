import assert from 'node:assert/strict';
import test from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Semaphore } from '../../src/base/semaphore.ts';

test('no more than the limit run at once, in the order they came', async () => {
  const semaphore = new Semaphore(2);
  const order: number[] = [];
  let running = 0;
  let most = 0;
  const job = async (index: number) => {
    order.push(index);
    running += 1;
    most = Math.max(most, running);
    await nextTurn();
    running -= 1;
    if (index === 3) throw new Error('three');
    return index;
  };
  const results = await Promise.allSettled(
    [0, 1, 2, 3, 4, 5].map((index) => semaphore.run(() => job(index))),
  );
  assert.equal(most, 2);
  assert.deepEqual(order, [0, 1, 2, 3, 4, 5]);
  assert.deepEqual(
    results.map(({ status }) => status),
    ['fulfilled', 'fulfilled', 'fulfilled', 'rejected', 'fulfilled', 'fulfilled'],
  );
});

test('tryEnter takes a place only where one is free', async () => {
  const semaphore = new Semaphore(1);
  const leave = semaphore.tryEnter();
  assert.ok(leave !== undefined);
  assert.equal(semaphore.tryEnter(), undefined);
  let ran = false;
  const waiting = semaphore.run(async () => {
    ran = true;
  });
  await nextTurn();
  assert.equal(ran, false);
  leave();
  await waiting;
  assert.ok(semaphore.tryEnter() !== undefined);
});
