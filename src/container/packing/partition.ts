/**
 * Cuts a list into runs of least total cost, by dynamic programming over the number of runs. It takes that
 * the best start of a last run moves on with its end, which holds for costs that grow faster than their parts
 * (the quadrangle inequality), so runs of n items cost k · n · log n steps.
 */

/**
 * Ends of the runs, at most `most`, in order. `cost(from, to)` is that of the items from `from` up to, and
 * without, `to`.
 */
export function cheapestRuns(
  count: number,
  most: number,
  cost: (from: number, to: number) => number,
): readonly number[] {
  const runs = Math.min(count, most);
  if (runs === 0) return [];
  const first = Float64Array.from({ length: count + 1 }, (_, to) => (to === 0 ? 0 : cost(0, to)));
  const rows: Row[] = [{ best: first, starts: new Uint32Array(count + 1) }];
  while (rows.length < runs) rows.push(nextRow((rows.at(-1) as Row).best, count, cost));
  return endsOf(rows, count);
}

type Row = {
  /** The least cost of the items before each position. */
  readonly best: Float64Array;
  /** Where the last run starts. */
  readonly starts: Uint32Array;
};

type Span = readonly [low: number, high: number, firstStart: number, lastStart: number];

function nextRow(before: Float64Array, count: number, cost: (from: number, to: number) => number): Row {
  const best = new Float64Array(count + 1);
  const starts = new Uint32Array(count + 1);
  const pending: Span[] = [[1, count, 0, count - 1]];
  for (let span = pending.pop(); span !== undefined; span = pending.pop()) {
    const [low, high, firstStart, lastStart] = span;
    if (low > high) continue;
    const middle = (low + high) >> 1;
    best[middle] = Infinity;
    for (let start = firstStart; start <= Math.min(lastStart, middle - 1); start++) {
      const total = (before[start] as number) + cost(start, middle);
      if (total >= (best[middle] as number)) continue;
      best[middle] = total;
      starts[middle] = start;
    }
    const at = starts[middle] as number;
    pending.push([low, middle - 1, firstStart, at], [middle + 1, high, at, lastStart]);
  }
  return { best, starts };
}

function endsOf(rows: readonly Row[], count: number): readonly number[] {
  const ends: number[] = [];
  for (let row = rows.length - 1, end = count; end > 0; row--) {
    ends.unshift(end);
    end = row > 0 ? ((rows[row] as Row).starts[end] as number) : 0;
  }
  return ends;
}
