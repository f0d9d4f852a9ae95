import assert from 'node:assert/strict';
import test from 'node:test';
import { LINKS, queueLimit, type Speed } from '../../../bench/link/links.ts';
import { Shaper } from '../../../bench/link/shaper.ts';

const SPEED: Speed = { bytesPerSecond: 1_000_000, delayMs: 25 };

test('a piece arrives when its bytes are sent and the delay is over', () => {
  const shaper = new Shaper<string>(SPEED);
  shaper.push('a', 10_000, 100);
  assert.equal(shaper.next(100), 135);
  assert.deepEqual(shaper.take(134), []);
  assert.deepEqual(shaper.take(135), ['a']);
  assert.equal(shaper.next(135), undefined);
});

test('all senders share the rate, whatever the sizes of their pieces', () => {
  const shaper = new Shaper<number>(SPEED);
  const sizes = Array.from({ length: 500 }, (_, n) => 1 + ((n * 7919) % 5000));
  for (const size of sizes) shaper.push(size, size, 0);
  const total = sizes.reduce((sum, size) => sum + size, 0);
  const halfway = total / 2;
  const arrived = shaper.take(25 + halfway / 1000).reduce((sum, size) => sum + size, 0);
  assert.ok(Math.abs(arrived - halfway) <= 5000, `${arrived} of ${total} bytes`);
  const rest = shaper.take(25 + total / 1000).reduce((sum, size) => sum + size, 0);
  assert.equal(arrived + rest, total);
});

test('a caller that comes late does not slow the link down', () => {
  const [prompt, late] = [new Shaper<number>(SPEED), new Shaper<number>(SPEED)];
  for (const shaper of [prompt, late]) for (let n = 0; n < 40; n++) shaper.push(n, 1000, 0);
  for (let now = 0; now <= 60; now++) prompt.take(now);
  assert.deepEqual(late.take(60).slice(-1), [34]);
  assert.deepEqual(prompt.take(61), late.take(61));
});

test('an idle link saves up no burst', () => {
  const shaper = new Shaper<string>(SPEED);
  shaper.push('a', 1000, 0);
  shaper.push('b', 10_000, 5000);
  assert.deepEqual(shaper.take(5030), ['a']);
  assert.equal(shaper.next(5030), 5035);
});

test('pieces that follow one another are delivered in order', () => {
  const shaper = new Shaper<number>(SPEED);
  for (const piece of [1, 2, 3]) shaper.push(piece, 0, 10);
  assert.deepEqual(shaper.take(35), [1, 2, 3]);
});

test('the queue is full at its limit, and what is in flight does not count', () => {
  const shaper = new Shaper<number>(SPEED);
  const limit = queueLimit(SPEED);
  shaper.push(1, limit - 1, 0);
  assert.ok(!shaper.isFull(0));
  shaper.push(2, 1, 0);
  assert.ok(shaper.isFull(0));
  assert.equal(shaper.queued(0), limit);
  const sent = limit / 1000;
  assert.equal(shaper.queued(sent), 0);
  assert.deepEqual(shaper.take(sent), []);
});

test('a full queue asks to be looked at when it has room again', () => {
  const shaper = new Shaper<number>(SPEED);
  const limit = queueLimit(SPEED);
  shaper.push(1, limit + 3000, 0);
  assert.equal(shaper.next(0), 3);
  assert.ok(!shaper.isFull(3.001));
});

test('a queue holds a round trip and ten milliseconds of the bandwidth', () => {
  assert.equal(queueLimit(LINKS.far.speed), 625_000 + 125_000);
  assert.equal(queueLimit(LINKS.gigabit.speed), 1_250_000);
  assert.equal(queueLimit({ bytesPerSecond: 1000, delayMs: 0 }), 65_536);
});
