import assert from 'node:assert/strict';
import test from 'node:test';
import { viewOf } from '../../../../src/delta/static/match/equal-bytes.ts';
import { type FoundSeed, SEED_BYTES, SeedIndex } from '../../../../src/delta/static/match/seed-index.ts';

/** Twenty bytes between others: once followed by what is looked for, twice by something else. */
const START = 'twenty bytes of seed';
const OLD = Buffer.from(
  `0123456789${START} and the rest..........${START} and more..........${START} another`,
);
const FRESH = Buffer.from(`${START} and the rest`);

function found(candidates: number, diagonal: number, fresh = FRESH): FoundSeed {
  const index = new SeedIndex();
  index.build(OLD, { candidates });
  const result = { at: -1, length: -1 };
  index.find(viewOf(fresh), 0, diagonal, result);
  return result;
}

test('a lookup takes the longest match that it compares', () => {
  assert.deepEqual(found(64, 0), { at: 10, length: FRESH.length });
  const last = OLD.lastIndexOf(START);
  assert.deepEqual(found(1, 0), { at: last, length: `${START} an`.length });
});

test('of matches of equal length it takes the one nearest to the diagonal', () => {
  const fresh = Buffer.from(START);
  const starts = [10, OLD.indexOf(START, 11), OLD.lastIndexOf(START)];
  for (const at of starts) assert.deepEqual(found(64, at + 3, fresh), { at, length: fresh.length });
});

test('a seed that the old file does not have is not found', () => {
  assert.ok(found(64, 0, Buffer.from('a seed of the new file')).length < SEED_BYTES);
});

test('an index that is built again knows the last file alone', () => {
  const index = new SeedIndex();
  index.build(OLD, { candidates: 64 });
  const other = Buffer.from('something else, which is longer than a seed');
  index.build(other, { candidates: 64 });
  const result = { at: -1, length: -1 };
  index.find(viewOf(FRESH), 0, 0, result);
  assert.ok(result.length < SEED_BYTES);
  index.find(viewOf(other.subarray(5)), 0, 0, result);
  assert.deepEqual(result, { at: 5, length: other.length - 5 });
});
