import assert from 'node:assert/strict';
import test from 'node:test';
import { ClientLink } from '../../../src/server/http/client-link.ts';
import { simulatedPull } from './simulated-pull.ts';

const MB = 1_000_000;

function clientLink(isBusy = false) {
  const clock = { now: 1000 };
  const link = new ClientLink({ isBusy: () => isBusy, now: () => clock.now });
  /** Sends this much every ten milliseconds for so long. */
  const send = (mbPerSecond: number, ms: number) => {
    for (let spent = 0; spent < ms; spent += 10) {
      clock.now += 10;
      link.took((mbPerSecond * MB) / 100, clock.now - 10, clock.now);
    }
  };
  /** Whether it is slow, every ten milliseconds of a time in which nothing arrives. */
  const watch = (ms: number) =>
    Array.from({ length: ms / 10 }, () => {
      clock.now += 10;
      return link.isSlow;
    });
  return { link, clock, send, watch };
}

test('an unknown link is tried with objects as they are; if it shows nothing it is slow', () => {
  const { link, watch } = clientLink();
  assert.equal(link.isSlow, false);
  assert.equal(link.isFast, false);
  assert.equal(watch(190).includes(true), false);
  assert.equal(watch(500).includes(false), false);
});

test('trials are repeated, less and less often', () => {
  const { link, watch } = clientLink();
  assert.equal(link.isSlow, false);
  const slow = watch(60_000);
  const starts = slow.flatMap((isSlow, index) => (!isSlow && slow[index - 1] ? [(index + 1) * 10] : []));
  assert.deepEqual(starts, [1000, 4000, 13_000, 40_000]);
});

test('a link that shows a fast rate is fast, until it has shown no other for some seconds', () => {
  const { link, send } = clientLink();
  assert.equal(link.isSlow, false);
  send(60, 150);
  assert.equal(link.isFast, true);
  assert.equal(link.isSlow, false);
  send(10, 3500);
  assert.equal(link.isFast, true);
  send(10, 1000);
  assert.deepEqual([link.isFast, link.isSlow], [false, true]);
  send(60, 200);
  assert.deepEqual([link.isFast, link.isSlow], [true, false]);
});

test('a link is known to be slow once enough of what it took has shown nothing else', () => {
  const { link, send } = clientLink();
  assert.equal(link.isKnownSlow, false);
  send(10, 900);
  assert.equal(link.isKnownSlow, false);
  send(10, 200);
  assert.equal(link.isKnownSlow, true);
  send(60, 200);
  assert.equal(link.isKnownSlow, false);
});

test('a client that pauses, or is slow for a moment, has no other link', () => {
  const { link, clock, send } = clientLink();
  assert.equal(link.isSlow, false);
  send(60, 150);
  assert.equal(link.isFast, true);
  clock.now += 30_000;
  link.took(1000, clock.now - 100, clock.now);
  link.took(MB, clock.now - 20_000, clock.now);
  assert.equal(link.isFast, true);
});

test('a link that was not used for a minute is unknown', () => {
  const { link, clock, send } = clientLink();
  assert.equal(link.isSlow, false);
  send(60, 150);
  assert.equal(link.isFast, true);
  clock.now += 60_001;
  assert.deepEqual([link.isFast, link.isSlow], [false, false]);
});

test('on a busy machine less is fast, because requests wait for processors', () => {
  for (const isBusy of [false, true]) {
    const { link, send } = clientLink(isBusy);
    assert.equal(link.isSlow, false);
    send(25, 300);
    assert.equal(link.isFast, isBusy);
  }
});

/** The share of bytes that simulated pulls send as they are, lowest and highest. */
function stored(situation: Omit<Parameters<typeof simulatedPull>[0], 'seed'>): readonly [number, number] {
  const shares = [1, 2, 3].map((seed) => simulatedPull({ ...situation, seed }).stored);
  return [Math.min(...shares), Math.max(...shares)];
}

test('pulls over 100 Mbit/s and less are compressed, near and far, on idle and on busy machines', () => {
  for (const situation of [
    { link: 12_500 },
    { link: 12_500, load: 2 },
    { link: 12_500, load: 4 },
    { link: 12_500, roundTripMs: 50 },
    { link: 12_500, roundTripMs: 50, load: 3 },
    { link: 1250, answers: 1000 },
    { link: 12_500, clients: 4, answers: 2000 },
  ]) {
    const [, most] = stored(situation);
    assert.ok(most < 0.08, `${most} with ${JSON.stringify(situation)}`);
  }
});

test('pulls over 1 Gbit/s and more are not, on idle and on busy machines', () => {
  for (const situation of [
    { link: 125_000 },
    { link: 125_000, load: 2 },
    { link: 125_000, clients: 4, answers: 800 },
    { link: 2_000_000 },
    { link: 2_000_000, load: 4 },
  ]) {
    const [least] = stored(situation);
    assert.ok(least > 0.98, `${least} with ${JSON.stringify(situation)}`);
  }
});
