import assert from 'node:assert/strict';
import test from 'node:test';
import { LineFit } from '../../../src/server/http/line-fit.ts';

/** A fit of `count` answers of 10 to 100 KB; `time` returns milliseconds. */
function fitOf(count: number, time: (bytes: number, index: number) => number): LineFit {
  const fit = new LineFit();
  for (let index = 0; index < count; index++) {
    const bytes = 10_000 + ((index * 37) % 10) * 10_000;
    fit.add(bytes, time(bytes, index));
  }
  return fit;
}

function isNear(actual: number, expected: number, by: number): void {
  assert.ok(Math.abs(actual - expected) <= by * expected, `${actual} instead of ${expected}`);
}

test('the slope is the time of a byte, whatever time each answer takes besides', () => {
  for (const [ms, by] of [
    [20, 0.02],
    [60, 0.1],
  ] as const)
    isNear(fitOf(300, (bytes) => ms + bytes / 1000).leastSlope(0), 1 / 1000, by);
});

test('the more and the clearer the measurements, the less is taken off for doubt', () => {
  const scattered = (_bytes: number, index: number) => ((index * 31) % 17) * 10;
  const doubtOf = (fit: LineFit) => fit.leastSlope(0) - fit.leastSlope(1);
  assert.ok(doubtOf(fitOf(10, scattered)) > 1.5 * doubtOf(fitOf(100, scattered)));
  assert.ok(doubtOf(fitOf(100, scattered)) > 2 * doubtOf(fitOf(100, (bytes) => bytes / 1000)));
});

test('a line may start with the measurements of another, which count for no more than so many', () => {
  const other = fitOf(100, (bytes) => 20 + bytes / 1000);
  const after = LineFit.after(other, 16);
  assert.equal(after.count, 16);
  isNear(after.leastSlope(0), 1 / 1000, 0.1);
  for (let index = 0; index < 100; index++) after.add(10_000 * (1 + (index % 10)), 20);
  assert.ok(after.leastSlope(0) < 0.3 / 1000);
  assert.equal(other.leastSlope(0), fitOf(100, (bytes) => 20 + bytes / 1000).leastSlope(0));
  assert.equal(LineFit.after(new LineFit(), 16).count, 0);
  assert.equal(
    LineFit.after(
      fitOf(5, () => 1),
      16,
    ).count,
    fitOf(5, () => 1).count,
  );
});
