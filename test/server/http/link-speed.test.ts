import assert from 'node:assert/strict';
import test from 'node:test';
import { LinkSpeed } from '../../../src/server/http/link-speed.ts';

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

/** Sizes of objects as they come; the same each time. */
const SIZES = Array.from({ length: 400 }, (_, index) => 5000 + ((index * 7919) % 397) * 500);

/** The share of {@link SIZES} that is sent while the link of a busy machine counts as slow. */
function slowShare(milliseconds: (bytes: number, index: number) => number): number {
  const link = new LinkSpeed(() => true);
  const isSlow = SIZES.map((bytes, index) => {
    const before = link.isSlow;
    answered(link, [bytes, milliseconds(bytes, index)]);
    return before;
  });
  return isSlow.filter(Boolean).length / SIZES.length;
}

test('on a busy machine times that grow with the bytes show a slow link, near and far', () => {
  for (const roundTrip of [0, 50]) {
    const share = slowShare((bytes, index) => roundTrip + bytes / 1500 + ((index * 31) % 17));
    assert.ok(share > 0.9, `${share} with ${roundTrip} ms`);
  }
});

test('on a busy machine other times do not: of the client, of waiting, of pauses', () => {
  // Longer ones are those of a very slow link.
  const within = (bytes: number, milliseconds: number) => Math.min(milliseconds, bytes / 1000);
  const fast = (bytes: number) => bytes / 30_000;
  assert.ok(slowShare((bytes) => fast(bytes) + within(bytes, 8)) < 0.02);
  assert.ok(slowShare((bytes, index) => fast(bytes) + within(bytes, ((index * 7919) % 101) / 3)) < 0.02);
  assert.ok(slowShare((bytes, index) => fast(bytes) + within(bytes, index % 40 === 7 ? 90 : 5)) < 0.02);
});

test('an estimate starts with the line measured before, and its own measurements soon count more', () => {
  const sizes = SIZES.slice(0, 100);
  const slow = answered(idleLink(), ...sizes.map((bytes) => [bytes, 5 + bytes / 1500] as const));
  const after = () => new LinkSpeed(() => true, slow);
  assert.equal(after().isSlow, true);
  const fast = sizes.map((bytes) => [bytes, 5 + bytes / 30_000] as const);
  assert.equal(answered(after(), ...fast).isSlow, false);
  assert.equal(slow.isSlow, true);
});

test('waits on a busy machine do not outlive their connection', () => {
  const waiting = answered(new LinkSpeed(() => true), [100_000, 300], [100_000, 300]);
  assert.equal(waiting.isSlow, true);
  assert.equal(new LinkSpeed(() => true, waiting).isSlow, false);
});
