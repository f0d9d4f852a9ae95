import assert from 'node:assert/strict';
import test from 'node:test';
import { LinkSpeed, linkSpeedOf } from '../../../src/server/http/link-speed.ts';

function idleLink(): LinkSpeed {
  return new LinkSpeed(() => false);
}

/** Answers of these bytes, each of which takes this time to arrive. */
function answered(link: LinkSpeed, ...answers: readonly (readonly [bytes: number, ms: number])[]): LinkSpeed {
  const state = { time: 1000, written: 500 };
  for (const [bytes, ms] of answers) {
    link.answering({ bytesWritten: state.written }, state.time);
    state.written += bytes;
    state.time += ms;
    link.requested({ bytesWritten: state.written }, state.time);
  }
  return link;
}

test('a new connection is not slow', () => {
  assert.equal(idleLink().isSlow, false);
});

test('the next request tells how long the answer took', () => {
  assert.equal(answered(idleLink(), [100_000, 10]).isSlow, false);
  assert.equal(answered(idleLink(), [100_000, 100]).isSlow, true);
});

test('the latest answers count most', () => {
  const link = answered(idleLink(), [100_000, 100]);
  assert.equal(answered(link, [1_000_000, 10]).isSlow, false);
  assert.equal(answered(link, ...Array(8).fill([100_000, 100])).isSlow, true);
});

test('small answers and pauses of the client say nothing', () => {
  assert.equal(answered(idleLink(), [8000, 100], [100_000, 6000]).isSlow, false);
});

test('a request that follows no answer says nothing', () => {
  const link = idleLink();
  link.requested({ bytesWritten: 100_000 }, 1000);
  assert.equal(link.isSlow, false);
  answered(link, [100_000, 10]);
  link.requested({ bytesWritten: 200_000 }, 9000);
  assert.equal(link.isSlow, false);
});

test('on a busy machine only very long times count', () => {
  const link = () => new LinkSpeed(() => true);
  assert.equal(answered(link(), [100_000, 100]).isSlow, false);
  assert.equal(answered(link(), [100_000, 300]).isSlow, true);
  assert.equal(answered(answered(link(), [100_000, 300]), [2_000_000, 10]).isSlow, false);
});

test('an estimate belongs to its connection', () => {
  const [one, other] = [{ bytesWritten: 0 }, { bytesWritten: 0 }];
  linkSpeedOf(one).add(100_000, 1000);
  assert.equal(linkSpeedOf(one).isSlow, true);
  assert.equal(linkSpeedOf(other).isSlow, false);
});
