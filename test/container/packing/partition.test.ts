import assert from 'node:assert/strict';
import test from 'node:test';
import { cheapestRuns } from '../../../src/container/packing/partition.ts';
import { Random } from '../../gvariant/random.ts';

type Item = readonly [size: number, rate: number];

function costOf(items: readonly Item[]): number {
  const [size, rate] = items.reduce(([s, r], item) => [s + item[0], r + item[1]], [0, 0]);
  return (size + 1) * (1 - Math.exp(-rate));
}

function totalOf(items: readonly Item[], ends: readonly number[]): number {
  return ends.reduce((sum, end, index) => sum + costOf(items.slice(ends[index - 1] ?? 0, end)), 0);
}

/** The least cost of any cut. */
function least(items: readonly Item[], most: number): number {
  if (items.length === 0) return 0;
  if (most === 1) return costOf(items);
  return Math.min(
    ...items.map((_, index) => costOf(items.slice(0, index + 1)) + least(items.slice(index + 1), most - 1)),
  );
}

test('the runs are the cheapest of all', () => {
  const random = new Random(7);
  for (let round = 0; round < 200; round++) {
    const items: readonly Item[] = Array.from(
      { length: random.below(9) },
      (): Item => [random.below(1000), random.below(100) / 2000],
    ).toSorted((a, b) => a[1] / (a[0] + 1) - b[1] / (b[0] + 1));
    const most = 1 + random.below(5);
    const ends = cheapestRuns(items.length, most, (from, to) => costOf(items.slice(from, to)));
    assert.ok(ends.length <= most);
    assert.equal(ends.at(-1) ?? 0, items.length);
    const [found, best] = [totalOf(items, ends), least(items, most)];
    assert.ok(found <= best * 1.0001, `${found} instead of ${best} in round ${round}`);
  }
});

test('no item makes no run, and more runs than items are one for each', () => {
  assert.deepEqual(
    cheapestRuns(0, 3, () => 1),
    [],
  );
  assert.deepEqual(
    cheapestRuns(3, 9, (from, to) => (to - from) ** 2),
    [1, 2, 3],
  );
});
