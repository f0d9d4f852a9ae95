/** The result of a benchmark: rows of repeated measurements, some with a goal. */
/** A share is a ratio of which the third digit counts. */
export type Unit = 'seconds' | 'ratio' | 'share' | 'MB' | 'per second' | 'µs';

/** What a user gets without reading about any option. */
export const BY_DEFAULT = 'by default';

export type Row = {
  readonly what: string;
  readonly unit: Unit;
  /** One figure per round, in order. */
  readonly values: readonly number[];
  /** How a user gets this figure: {@link BY_DEFAULT}, or the options it takes. Absent for other programs. */
  readonly setting?: string;
  /** Upper bound of the median, or of the maximum for memory. */
  readonly atMost?: number;
  /** Lower bound of the median. */
  readonly atLeast?: number;
};

export type Section = { readonly title: string; readonly rows: readonly Row[] };

/** A goal is met only by what users get by default. */
export type Verdict = 'met' | 'met with options' | 'missed';

/** The figure of a row: the median, or the maximum for memory. */
export function figureOf(row: Row): number {
  return row.unit === 'MB' ? Math.max(...row.values) : median(row.values);
}

export function hasGoal(row: Row): boolean {
  return row.atMost !== undefined || row.atLeast !== undefined;
}

export function verdictOf(row: Row): Verdict | undefined {
  if (!hasGoal(row)) return undefined;
  const figure = figureOf(row);
  const holds = figure <= (row.atMost ?? figure) && figure >= (row.atLeast ?? figure);
  if (!holds) return 'missed';
  return row.setting === undefined || row.setting === BY_DEFAULT ? 'met' : 'met with options';
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
