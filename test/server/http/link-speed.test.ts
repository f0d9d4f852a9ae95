import assert from 'node:assert/strict';
import test from 'node:test';
import { LinkSpeed } from '../../../src/server/http/link-speed.ts';

type Taken = readonly [bytes: number, from: number, to: number];

function linkSpeed() {
  const taken: Taken[] = [];
  const client = {
    isSlow: false,
    isFast: true,
    isKnownSlow: false,
    took: (...answer: Taken) => void taken.push(answer),
  };
  return { speed: new LinkSpeed(client), taken };
}

test('the next request tells how long an answer took', () => {
  const { speed, taken } = linkSpeed();
  speed.answering({ bytesWritten: 500 }, 1000);
  speed.requested({ bytesWritten: 2500 }, 1010);
  assert.deepEqual(taken, [[2000, 1000, 1010]]);
});

test('a request that follows no answer says nothing', () => {
  const { speed, taken } = linkSpeed();
  speed.requested({ bytesWritten: 100_000 }, 1000);
  speed.answering({ bytesWritten: 100_000 }, 1000);
  speed.requested({ bytesWritten: 200_000 }, 1010);
  speed.requested({ bytesWritten: 300_000 }, 1020);
  assert.deepEqual(taken, [[100_000, 1000, 1010]]);
});

test('an answer of which parts were measured is not measured as a whole', () => {
  const { speed, taken } = linkSpeed();
  speed.answering({ bytesWritten: 0 }, 1000);
  speed.took(70_000, 1000, 1010);
  speed.took(80_000, 1010, 1020);
  speed.requested({ bytesWritten: 200_000 }, 1030);
  assert.deepEqual(taken, [
    [70_000, 1000, 1010],
    [80_000, 1010, 1020],
  ]);
});

test('the verdict is that of the client', () => {
  const { speed } = linkSpeed();
  assert.deepEqual([speed.isSlow, speed.isFast], [false, true]);
});
