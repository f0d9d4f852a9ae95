/** Formats figures, and sections as a table for the terminal. */
import { figureOf, type Row, type Section, type Unit, verdictOf } from './result.ts';

const DIGITS: Readonly<Record<Unit, number>> = {
  seconds: 2,
  ratio: 2,
  share: 4,
  MB: 0,
  'per second': 0,
  µs: 0,
};
const SUFFIX: Readonly<Record<Unit, string>> = {
  seconds: ' s',
  ratio: ' x',
  share: ' x',
  MB: ' MB',
  'per second': ' /s',
  µs: ' µs',
};
const HEADER = ['', 'figure', 'lowest - highest', 'goal', '', 'a user gets it'];

export function formatSection(section: Section): string {
  const lines = section.rows.map(cellsOf);
  return [`== ${section.title}`, ...align([HEADER, ...lines]), ''].join('\n');
}

/** A row's cells, in the order of the header. */
export function cellsOf(row: Row): readonly string[] {
  return [row.what, formatFigure(row), spread(row), formatGoal(row), verdictOf(row) ?? '', row.setting ?? ''];
}

export function formatFigure(row: Row): string {
  return formatValue(figureOf(row), row.unit);
}

/** The bounds, or nothing if the row has no goal. */
export function formatGoal({ unit, atMost, atLeast }: Row): string {
  const bounds = [
    ...(atLeast === undefined ? [] : [`>= ${formatValue(atLeast, unit)}`]),
    ...(atMost === undefined ? [] : [`<= ${formatValue(atMost, unit)}`]),
  ];
  return bounds.join(', ');
}

/** Lowest and highest value, or nothing if there is only one. */
export function spread({ unit, values }: Row): string {
  if (values.length < 2) return '';
  return [Math.min(...values), Math.max(...values)].map((value) => formatValue(value, unit)).join(' - ');
}

function formatValue(value: number, unit: Unit): string {
  return unit === 'seconds' && value < 1
    ? `${Math.round(value * 1000)} ms`
    : value.toFixed(DIGITS[unit]) + SUFFIX[unit];
}

/** Aligns columns: the first left, figures right. */
function align(lines: readonly (readonly string[])[]): string[] {
  const widths = (lines[0] ?? []).map((_, column) =>
    Math.max(...lines.map((line) => line[column]?.length ?? 0)),
  );
  return lines.map((line) =>
    line
      .map((cell, column) =>
        column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join('  ')
      .trimEnd(),
  );
}
