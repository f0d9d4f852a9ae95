/** What a benchmark reports: rows of repeated measurements, some of them held against a goal. */
export type Unit = 'seconds' | 'ratio' | 'MB';

export type Row = {
  readonly what: string;
  readonly unit: Unit;
  /** One figure per round, in the order they were taken. */
  readonly values: readonly number[];
  /** The most that the median may be; a memory goal holds for the highest value instead. */
  readonly atMost?: number;
};

export type Section = { readonly title: string; readonly rows: readonly Row[] };

export type Verdict = 'PASS' | 'MISS';

/** The figure that stands for a row: the median, and for memory the highest, since a limit is a limit. */
export function figureOf(row: Row): number {
  return row.unit === 'MB' ? Math.max(...row.values) : median(row.values);
}

export function verdictOf(row: Row): Verdict | undefined {
  if (row.atMost === undefined) return undefined;
  return figureOf(row) <= row.atMost ? 'PASS' : 'MISS';
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle];
  if (upper === undefined) throw new Error('the median of nothing');
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] as number) + upper) / 2;
}

/** `values` divided by the `baseline` of the same round. */
export function pairRatios(values: readonly number[], baseline: readonly number[]): number[] {
  return values.map((value, round) => value / (baseline[round] as number));
}
