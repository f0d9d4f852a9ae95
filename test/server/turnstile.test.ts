import assert from 'node:assert/strict';
import test from 'node:test';
import { Turnstile } from '../../src/server/turnstile.ts';

test('no more than the limit run at once, in the order they came', async () => {
  const turnstile = new Turnstile(2);
  const order: number[] = [];
  let running = 0;
  let most = 0;
  const job = async (index: number) => {
    order.push(index);
    running += 1;
    most = Math.max(most, running);
    await new Promise((resolve) => setTimeout(resolve, 2));
    running -= 1;
    if (index === 3) throw new Error('three');
    return index;
  };
  const results = await Promise.allSettled(
    [0, 1, 2, 3, 4, 5].map((index) => turnstile.run(() => job(index))),
  );
  assert.equal(most, 2);
  assert.deepEqual(order, [0, 1, 2, 3, 4, 5]);
  assert.deepEqual(
    results.map(({ status }) => status),
    ['fulfilled', 'fulfilled', 'fulfilled', 'rejected', 'fulfilled', 'fulfilled'],
  );
});

test('tryEnter takes a place only where one is free', async () => {
  const turnstile = new Turnstile(1);
  const leave = turnstile.tryEnter();
  assert.ok(leave !== undefined);
  assert.equal(turnstile.tryEnter(), undefined);
  let ran = false;
  const waiting = turnstile.run(async () => {
    ran = true;
  });
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(ran, false);
  leave();
  await waiting;
  assert.ok(turnstile.tryEnter() !== undefined);
});
