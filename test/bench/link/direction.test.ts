import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Duplex, PassThrough } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import test from 'node:test';
import { Direction } from '../../../bench/link/direction.ts';
import { queueLimit, type Speed } from '../../../bench/link/links.ts';

const AT_ONCE: Speed = { bytesPerSecond: 1e15, delayMs: 0 };
const NEVER: Speed = { bytesPerSecond: 1, delayMs: 0 };
const PIECE = 16 * 1024;

/** A sender of endless pieces that counts them. */
function endless() {
  const sent = { bytes: 0 };
  const sender = new Duplex({
    highWaterMark: 0,
    read() {
      sent.bytes += PIECE;
      this.push(Buffer.alloc(PIECE));
    },
    write: (_chunk, _encoding, done) => done(),
  });
  return { sender, sent };
}

/** A receiver that takes no more than its buffer. */
function stalled() {
  return new Duplex({ read() {}, write() {} });
}

test('bytes and their end arrive as they were sent', async () => {
  const direction = new Direction(AT_ONCE);
  const [from, to] = [new PassThrough(), new PassThrough()];
  direction.carry(from, to);
  const received = buffer(to);
  from.write('one ');
  from.end('two');
  assert.equal((await received).toString(), 'one two');
  assert.equal(direction.delivered, 7);
  direction.close();
});

test('a slow link stops its senders when its queue is full', async () => {
  const direction = new Direction(NEVER);
  const senders = Array.from({ length: 3 }, endless);
  for (const { sender } of senders) direction.carry(sender, stalled());
  await Promise.all(senders.map(({ sender }) => (sender.isPaused() ? undefined : once(sender, 'pause'))));
  const taken = senders.reduce((sum, { sent }) => sum + sent.bytes, 0);
  const limit = queueLimit(NEVER);
  assert.ok(taken >= limit, `${taken} bytes`);
  assert.ok(taken <= limit + 2 * senders.length * PIECE, `${taken} bytes`);
  assert.equal(direction.delivered, 0);
  direction.close();
});

test('a receiver that takes nothing stops its own sender only', async () => {
  const direction = new Direction(AT_ONCE);
  const { sender, sent } = endless();
  const slow = stalled();
  direction.carry(sender, slow);
  await once(sender, 'pause');
  assert.ok(slow.writableLength <= slow.writableHighWaterMark + 2 * PIECE);
  const before = sent.bytes;
  const [from, to] = [new PassThrough(), new PassThrough()];
  direction.carry(from, to);
  from.end('still here');
  assert.equal((await buffer(to)).toString(), 'still here');
  assert.equal(sent.bytes, before);
  direction.close();
});

test('a receiver that is gone does not disturb the others', async () => {
  const direction = new Direction(AT_ONCE);
  const gone = new PassThrough();
  const [from, other, to] = [new PassThrough(), new PassThrough(), new PassThrough()];
  direction.carry(from, gone);
  direction.carry(other, to);
  gone.destroy();
  from.write('lost');
  other.end('kept');
  assert.equal((await buffer(to)).toString(), 'kept');
  direction.close();
});
