import assert from 'node:assert/strict';
import test from 'node:test';
import { eachConcurrently } from '../../src/base/each-concurrently.ts';

test('work is done in order, no more than so many at once', async () => {
  const running = { now: 0, most: 0 };
  const begun: number[] = [];
  await eachConcurrently([1, 2, 3, 4, 5], 2, async (item) => {
    begun.push(item);
    running.now += 1;
    running.most = Math.max(running.most, running.now);
    await new Promise(setImmediate);
    running.now -= 1;
  });
  assert.deepEqual(begun, [1, 2, 3, 4, 5]);
  assert.equal(running.most, 2);
  assert.equal(running.now, 0);
});

test('the first fault is thrown when all have ended; nothing more begins', async () => {
  const begun: number[] = [];
  const ended: number[] = [];
  const work = async (item: number, signal: AbortSignal) => {
    begun.push(item);
    if (item === 1) throw new Error('first');
    while (!signal.aborted) await new Promise(setImmediate);
    ended.push(item);
    throw new Error('second');
  };
  await assert.rejects(eachConcurrently([0, 1, 2, 3], 2, work), /first/);
  assert.deepEqual([begun, ended], [[0, 1], [0]]);
});

test('nothing to do is done', async () => {
  await eachConcurrently([], 3, async () => assert.fail());
});

test('items may arrive over time; after a fault their source is ended', async () => {
  let isEnded = false;
  async function* items(): AsyncGenerator<number> {
    try {
      for (let item = 0; ; item++) yield item;
    } finally {
      isEnded = true;
    }
  }
  const work = async (item: number) => {
    if (item === 5) throw new Error('fifth');
  };
  await assert.rejects(eachConcurrently(items(), 2, work), /fifth/);
  assert.ok(isEnded);
});

test('a fault of the source is thrown when the work has ended', async () => {
  const ended: number[] = [];
  async function* items(): AsyncGenerator<number> {
    yield 0;
    throw new Error('unreadable');
  }
  const work = async (item: number, signal: AbortSignal) => {
    while (!signal.aborted) await new Promise(setImmediate);
    ended.push(item);
  };
  await assert.rejects(eachConcurrently(items(), 2, work), /unreadable/);
  assert.deepEqual(ended, [0]);
});
