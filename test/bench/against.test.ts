import assert from 'node:assert/strict';
import test from 'node:test';
import { withRatios } from '../../bench/against.ts';
import { OTHER_SUFFIX } from '../../bench/builds.ts';
import { BY_DEFAULT, type Row, verdictOf } from '../../bench/result.ts';

function ratioOf(ours: Omit<Row, 'what'>, other: readonly number[]): Row | undefined {
  const rows: Row[] = [
    { what: 'ls: time', ...ours },
    { what: `ls${OTHER_SUFFIX}: time`, unit: ours.unit, values: other },
  ];
  return withRatios({ title: 'title', rows }).rows.find(({ unit }) => unit === 'ratio');
}

test('a row is compared with the row of the other build, round by round', () => {
  const ratio = ratioOf({ unit: 'seconds', values: [2, 3, 8], setting: BY_DEFAULT }, [1, 3, 4]);
  assert.equal(ratio?.what, 'ls: time / the other build');
  assert.deepEqual(ratio.values, [2, 1, 2]);
  assert.equal(verdictOf(ratio), 'missed');
});

test('more requests per second are no miss, fewer are', () => {
  const faster = ratioOf({ unit: 'per second', values: [200] }, [100]);
  const slower = ratioOf({ unit: 'per second', values: [90] }, [100]);
  assert.equal(faster && verdictOf(faster), 'met');
  assert.equal(slower && verdictOf(slower), 'missed');
});

test('without another build nothing is added', () => {
  const rows: Row[] = [{ what: 'ls', unit: 'seconds', values: [1] }];
  assert.deepEqual(withRatios({ title: 'title', rows }).rows, rows);
});
