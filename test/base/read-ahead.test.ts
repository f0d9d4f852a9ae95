import assert from 'node:assert/strict';
import test from 'node:test';
import { readAhead } from '../../src/base/read-ahead.ts';

/** Numbers, and how far they were asked for; `fault`: the first that is not given. */
function numbers(end: number, fault?: number) {
  const seen = { asked: 0, closed: false };
  async function* stream(): AsyncGenerator<number> {
    try {
      for (let number = 0; number < end; number++) {
        seen.asked = number + 1;
        if (number === fault) throw new RangeError('no more');
        yield number;
      }
    } finally {
      seen.closed = true;
    }
  }
  return { seen, stream: stream() };
}

test('all pieces come in order', async () => {
  const { stream } = numbers(5);
  const read: number[] = [];
  for await (const number of readAhead(stream, 2)) read.push(number);
  assert.deepEqual(read, [0, 1, 2, 3, 4]);
});

test('as many are asked for ahead as was said, and no more', async () => {
  const { seen, stream } = numbers(10);
  const ahead = readAhead(stream, 2);
  await ahead.next();
  await new Promise(setImmediate);
  assert.equal(seen.asked, 3);
  await ahead.return(undefined);
  assert.ok(seen.closed);
});

test('a fault comes in its place', async () => {
  const { stream } = numbers(10, 2);
  const ahead = readAhead(stream, 5);
  assert.equal((await ahead.next()).value, 0);
  await new Promise(setImmediate);
  assert.equal((await ahead.next()).value, 1);
  await assert.rejects(ahead.next(), RangeError);
});

test('a fault that nobody comes to is nobody’s', async () => {
  const { seen, stream } = numbers(10, 2);
  for await (const _ of readAhead(stream, 5)) break;
  await new Promise(setImmediate);
  assert.ok(seen.closed);
});
