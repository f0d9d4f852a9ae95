/** The result of a benchmark: rows of repeated measurements, some with a goal. */
export type Unit = 'seconds' | 'ratio' | 'MB';

export type Row = {
  readonly what: string;
  readonly unit: Unit;
  /** One figure per round, in order. */
  readonly values: readonly number[];
  /** Upper bound of the median, or of the maximum for memory. */
  readonly atMost?: number;
};

export type Section = { readonly title: string; readonly rows: readonly Row[] };

export type Verdict = 'PASS' | 'MISS';

/** The figure of a row: the median, or the maximum for memory. */
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
  if (upper === undefined) throw new Error('cannot take the median of no values');
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] as number) + upper) / 2;
}

/** `values` divided by the `baseline` of the same round. */
export function pairRatios(values: readonly number[], baseline: readonly number[]): number[] {
  return values.map((value, round) => value / (baseline[round] as number));
}
