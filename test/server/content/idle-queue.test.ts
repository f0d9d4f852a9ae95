import assert from 'node:assert/strict';
import test, { type TestContext } from 'node:test';
import type { Checksum } from '../../../src/ostree/checksum.ts';
import { IdleQueue } from '../../../src/server/content/idle-queue.ts';
import { repeatedChecksum } from '../../support/checksums.ts';
import { settled } from '../../support/until.ts';

const ids = Array.from({ length: 3 }, (_, index) => repeatedChecksum(String(index)));
const [A, B, C] = ids as [Checksum, Checksum, Checksum];

type Times = { readonly idleMs: number; readonly patienceMs?: number };

/**
 * A queue whose clock is moved by `pass`, on a machine that is `load.idle`. With `isHeld` each piece of work
 * waits for `finish`.
 */
function start(t: TestContext, times: Times, isHeld = false) {
  t.mock.timers.enable({ apis: ['setTimeout', 'Date'] });
  const done: string[] = [];
  const held: (() => void)[] = [];
  const load = { idle: 1 };
  const queue = new IdleQueue({
    ...times,
    idleShare: () => load.idle,
    work: async (checksum, note) => {
      if (isHeld) await new Promise<void>((resolve) => held.push(resolve));
      done.push(checksum + note);
    },
  });
  t.after(() => queue.stop());
  const pass = async (milliseconds: number) => {
    t.mock.timers.tick(milliseconds);
    await settled();
  };
  const finish = async () => {
    held.shift()?.();
    await settled();
  };
  return { queue, done, pass, finish, load };
}

test('objects are worked on once each, with their last note, in the order of the last mention', async (t) => {
  const { queue, done, pass } = start(t, { idleMs: 5 });
  for (const [id, note] of [
    [A, '1'],
    [B, '1'],
    [A, '2'],
    [C, ''],
  ] as const)
    queue.add(id, note);
  await pass(5);
  await pass(1000);
  assert.deepEqual(done, [`${B}1`, `${A}2`, C]);
});

test('nothing begins while objects are being sent, nor after stop', async (t) => {
  const { queue, done, pass } = start(t, { idleMs: 1000 });
  queue.add(A);
  for (let sent = 0; sent < 10; sent++) {
    await pass(999);
    queue.disturb();
  }
  assert.deepEqual(done, []);
  queue.stop();
  queue.add(B);
  await pass(100_000);
  assert.deepEqual(done, []);
});

test('work that is disturbed pauses, and goes on later', async (t) => {
  const { queue, done, pass, finish } = start(t, { idleMs: 100 }, true);
  for (const id of ids) queue.add(id);
  await pass(100);
  queue.disturb();
  await finish();
  await pass(99);
  await finish();
  assert.deepEqual(done, [A], 'it pauses after what is under way');
  await pass(1);
  await finish();
  await finish();
  assert.deepEqual(done, ids);
});

test('a server that is never idle works all the same when patience is over', async (t) => {
  const { queue, done, pass } = start(t, { idleMs: 10_000, patienceMs: 30 });
  for (const id of ids) queue.add(id);
  for (let passed = 0; passed < 29; passed++) {
    await pass(1);
    queue.disturb();
  }
  assert.deepEqual(done, []);
  await pass(1);
  assert.deepEqual(done, ids);
});

test('on a busy machine that is never idle it waits for processors to spare', async (t) => {
  const { queue, done, pass, load } = start(t, { idleMs: 10_000, patienceMs: 30 });
  load.idle = 0.4;
  for (const id of ids) queue.add(id);
  for (let passed = 0; passed < 40; passed++) {
    await pass(100);
    queue.disturb();
  }
  assert.deepEqual(done, []);
  load.idle = 0.6;
  await pass(250);
  assert.deepEqual(done, ids);
});

test('a pull that begins in between stops it again', async (t) => {
  const { queue, done, pass, finish, load } = start(t, { idleMs: 10_000, patienceMs: 30 }, true);
  for (const id of ids) queue.add(id);
  await pass(30);
  load.idle = 0;
  queue.disturb();
  await finish();
  assert.deepEqual(done, [A]);
  await pass(1000);
  load.idle = 1;
  await pass(250);
  await finish();
  await finish();
  assert.deepEqual(done, ids);
});

test('a busy machine does not keep an idle server from working', async (t) => {
  const { queue, done, pass, load } = start(t, { idleMs: 100 });
  load.idle = 0;
  for (const id of ids) queue.add(id);
  await pass(100);
  assert.deepEqual(done, ids);
});
