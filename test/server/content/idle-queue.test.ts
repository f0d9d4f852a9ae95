import assert from 'node:assert/strict';
import test, { type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { IdleQueue } from '../../../src/server/content/idle-queue.ts';

const ids = Array.from({ length: 3 }, (_, index) => String(index).repeat(64));
const [A, B, C] = ids as [string, string, string];

type Times = { readonly idleMs: number; readonly patienceMs?: number };

function start(t: TestContext, times: Times, workMs = 0) {
  const done: string[] = [];
  const queue = new IdleQueue({
    ...times,
    work: async (checksum, note) => {
      await sleep(workMs);
      done.push(checksum + note);
    },
  });
  t.after(() => queue.stop());
  return { queue, done };
}

async function until(condition: () => boolean): Promise<void> {
  for (let tries = 0; !condition() && tries < 500; tries++) await sleep(10);
  assert.ok(condition());
}

test('objects are worked on once each, with their last note, in the order of the last mention', async (t) => {
  const { queue, done } = start(t, { idleMs: 5 });
  for (const [id, note] of [
    [A, '1'],
    [B, '1'],
    [A, '2'],
    [C, ''],
  ] as const)
    queue.add(id, note);
  await until(() => done.length === 3);
  await sleep(30);
  assert.deepEqual(done, [`${B}1`, `${A}2`, C]);
});

test('nothing begins while objects are being sent, nor after stop', async (t) => {
  const { queue, done } = start(t, { idleMs: 1000 });
  queue.add(A);
  for (let sent = 0; sent < 10; sent++) {
    await sleep(5);
    queue.disturb();
  }
  assert.deepEqual(done, []);
  queue.stop();
  queue.add(B);
  await sleep(20);
  assert.deepEqual(done, []);
});

test('work that is disturbed pauses, and goes on later', async (t) => {
  const { queue, done } = start(t, { idleMs: 100 }, 20);
  for (const id of ids) queue.add(id);
  await until(() => done.length === 1);
  queue.disturb();
  await sleep(30);
  assert.ok(done.length < 3, 'it pauses after what is under way');
  await until(() => done.length === 3);
});

test('a server that is never quiet works all the same when patience is over', async (t) => {
  const { queue, done } = start(t, { idleMs: 10_000, patienceMs: 30 });
  for (const id of ids) queue.add(id);
  for (let tries = 0; done.length < 3 && tries < 500; tries++) {
    await sleep(5);
    queue.disturb();
  }
  assert.deepEqual(done, ids);
});
